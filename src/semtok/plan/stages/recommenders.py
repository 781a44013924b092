"""What the jobs of the recommenders' stage read."""

from collections.abc import Callable
from typing import Any

from semtok.config.choice import combinations, grid_of, options_of, trials
from semtok.config.tokenizers import IDS
from semtok.config.variants import replaced
from semtok.errors import ConfigError
from semtok.plan.check import incompatible
from semtok.plan.stages.common import Wildcards, any_of, filled, of_training
from semtok.plan.stages.encoders import EncoderJobs


class RecommenderJobs(EncoderJobs):
    """Those of workflow/rules/recommenders.smk."""

    def codes(self, wildcards: Wildcards) -> str | list[str]:
        """The codes that a recommender reads; none for one over plain item ids."""
        method = self.recommender(wildcards.recommender)
        for mistake in incompatible(wildcards.tokenizer, wildcards.recommender, method, self.paths.results):
            raise ConfigError(mistake)
        return [] if wildcards.tokenizer == IDS else filled(self.paths.codes, wildcards)

    def recommender_code(self, script: str, function: str) -> Callable[[Wildcards], str]:
        """A function of wildcards: digest of the script and of one function of the recommender's module."""
        return lambda wildcards: self.code(script, f"{self.recommender(wildcards.recommender).module}:{function}")

    def recommender_options(self, left_out: str) -> Callable[[Wildcards], dict[str, Any]]:
        """A function of wildcards: a recommender's options without the section `left_out`. Where some are chosen by
        validation, the values to choose from stand in their place, and `choose` is the file that says which."""

        def options(wildcards: Wildcards) -> dict[str, Any]:
            found = self.apart("recommenders", wildcards.recommender, left_out, "choose")
            grid = self._grid(wildcards)
            if not grid:
                return found
            open_ones = {option: values for key, values in grid.items() for option in options_of(key)}
            kept = {option: values for option, values in open_ones.items() if option.partition(".")[0] != left_out}
            return replaced(found, kept, "choose") | {"choose": of_training(self.paths.choice, wildcards)}

        return options

    def choice(self, wildcards: Wildcards) -> str | list[str]:
        """What was chosen by validation; nothing for a recommender whose options are all given."""
        return of_training(self.paths.choice, wildcards) if self._grid(wildcards) else []

    def model(self, wildcards: Wildcards) -> str:
        """The weights that are decoded."""
        return of_training(self.paths.model, wildcards)

    def trials(self, wildcards: Wildcards) -> list[dict[str, Any]]:
        """The values of each trial of a grid."""
        return combinations(self._grid(wildcards))

    def histories_of_trials(self, wildcards: Wildcards) -> list[str]:
        """The trainings of the trials of a grid, in order, with the first of the seeds."""
        grid = self._grid(wildcards)
        if not grid:
            raise ConfigError(
                f"recommenders.{wildcards.recommender}.choose: found nothing; expected what to choose from"
            )
        run = {"dataset": wildcards.dataset, "tokenizer": wildcards.tokenizer, "seed": self.config.seeds[0]}
        return [self.paths.history.format(recommender=one, **run) for one in trials(wildcards.recommender, grid)]

    def _grid(self, wildcards: Wildcards) -> dict[str, list[Any]]:
        return grid_of(wildcards.recommender, self.options("recommenders", wildcards.recommender))

    def texts(self, wildcards: Wildcards) -> str | list[str]:
        """The items, for a recommender that reads their texts or where they lie."""
        method = self.recommender(wildcards.recommender)
        return filled(self.paths.items, wildcards) if method.reads_texts or method.reads_places else []

    def tokenizer_model(self, wildcards: Wildcards) -> str | list[str]:
        """The tokenizer's model, for a recommender that reads it."""
        needed = self.recommender(wildcards.recommender).reads_tokenizer_model
        return filled(self.paths.tokenizer_model, wildcards) if needed else []

    def in_language_models(self) -> str:
        """The recommenders in language models and their variants, as a pattern."""
        entries = self.config.recommenders.items()
        named = any_of(name for name, entry in entries if entry.reads_language_model)
        return rf"(?:{named})(?:\+.*)?"

    def attributes_to_read(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """The fields of the items' texts, for a recommender that reads them."""
        return self.attributes(wildcards) if self.recommender(wildcards.recommender).reads_texts else None

    def dense_options(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """The options of the dense tokenizer whose weights a recommender or scorer starts from; None: it does from
        none."""
        method: Any = self._method(wildcards)
        name = getattr(method, "share_weights", None)
        if name is None:
            return None
        options = self.options("encoders", name)
        if options["method"] != "dense-tokenizer" or options["language_model"] != method.language_model:
            scorer = getattr(wildcards, "scorer", None)
            entry = f"scorers.{scorer}" if scorer else f"recommenders.{wildcards.recommender}"
            raise ConfigError(
                f"{entry}.share_weights: found {name}; expected a dense tokenizer of the language model "
                f"{method.language_model}"
            )
        return options

    def dense_model(self, wildcards: Wildcards) -> str | list[str]:
        """What that dense tokenizer has learned, with the seed of the run."""
        if self.dense_options(wildcards) is None:
            return []
        method: Any = self._method(wildcards)
        names = {"dataset": wildcards.dataset, "encoder": method.share_weights, "seed": wildcards.seed}
        return self.paths.dense_model.format(**names)
