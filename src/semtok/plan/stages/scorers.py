"""What the jobs read that score candidates, which belong to the recommenders' stage."""

from collections.abc import Callable
from typing import Any

from semtok.config.scorers import TrainedScorer
from semtok.errors import ConfigError
from semtok.plan.check import misread
from semtok.plan.stages.common import Wildcards, any_of, filled
from semtok.plan.stages.recommenders import RecommenderJobs


class ScorerJobs(RecommenderJobs):
    """Those of workflow/rules/scorers.smk."""

    def scorers(self, trained: bool) -> str:
        """Those that are trained, or the others, and their variants, as a pattern."""
        entries = self.config.scorers.items()
        names = any_of(name for name, entry in entries if isinstance(entry, TrainedScorer) == trained)
        return rf"(?:{names})(?:\+[A-Za-z0-9_.+=-]+)?"

    def scorer_codes(self, wildcards: Wildcards) -> str | list[str]:
        """The codes that a scorer reads; none for one of texts."""
        scorer = self.scorer(wildcards.scorer)
        for mistake in misread(wildcards.tokenizer, wildcards.scorer, scorer, self.paths.results):
            raise ConfigError(mistake)
        return filled(self.paths.codes, wildcards) if scorer.reads_codes else []

    def scorer_code(self, script: str, function: str) -> Callable[[Wildcards], str]:
        """A function of wildcards: digest of the script and of one function of the scorer's module."""

        def digest(wildcards: Wildcards) -> str:
            scorer: Any = self.scorer(wildcards.scorer)
            return self.code(script, f"{scorer.module}:{function}")

        return digest

    def scorer_options(self, left_out: str) -> Callable[[Wildcards], dict[str, Any]]:
        """A function of wildcards: a scorer's options without the section `left_out`."""
        return lambda wildcards: self.apart("scorers", wildcards.scorer, left_out)

    def texts_to_learn(self, wildcards: Wildcards) -> str | list[str]:
        """The items, for a scorer that reads their texts while it is trained."""
        return filled(self.paths.items, wildcards) if self._learns_texts(wildcards) else []

    def attributes_to_learn(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """The fields of those texts."""
        return self.attributes(wildcards) if self._learns_texts(wildcards) else None

    def texts_to_score(self, wildcards: Wildcards) -> str | list[str]:
        """The items, for a scorer that reads their texts and no codes."""
        return [] if self.scorer(wildcards.scorer).reads_codes else filled(self.paths.items, wildcards)

    def attributes_to_score(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """The fields of those texts."""
        return None if self.scorer(wildcards.scorer).reads_codes else self.attributes(wildcards)

    def _learns_texts(self, wildcards: Wildcards) -> bool:
        scorer: Any = self.scorer(wildcards.scorer)
        return not scorer.reads_codes or bool(scorer.training.alignment)
