"""What the jobs of all stages have in common: the options of an entry, the digest of code, what a method asks for."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from semtok.config.base import Method
from semtok.config.model import Config
from semtok.config.recommenders import RecommenderClass, RecommenderEntry
from semtok.config.scorers import ScorerClass, ScorerEntry
from semtok.config.tokenizers import TokenizerEntry
from semtok.config.variants import resolve
from semtok.plan.check import chosen
from semtok.plan.paths import Paths, trained_as
from semtok.run.digest import code_digest


class Wildcards(Protocol):
    """Those of a job; each rule has some of them."""

    dataset: str
    encoder: str
    language_model: str
    tokenizer: str
    recommender: str
    scorer: str
    seed: str


class Jobs:
    """The jobs of one config."""

    def __init__(self, config: Config, paths: Paths, root: Path) -> None:
        """`root` is the project's folder, which holds src/ and workflow/."""
        self.config, self.paths, self.root = config, paths, root
        self.entries: dict[str, Any] = config.model_dump(mode="json")
        """Plain values, as they reach a job."""
        # Hundreds of jobs ask for the same: uncached, digests alone are half of a dry run.
        self.options: Callable[[str, str], dict[str, Any]] = cache(self._options)
        self.tokenizer: Callable[[str], TokenizerEntry] = cache(self._tokenizer)
        self.recommender: Callable[[str], RecommenderClass] = cache(self._recommender)
        self.scorer: Callable[[str], ScorerClass] = cache(self._scorer)
        source, scripts = root / "src", root / "workflow" / "scripts"
        self.code = cache(lambda script, *starts: code_digest(source, scripts / script, *starts))
        """Digest of what a job runs: its script, and what the script imports by name."""

    def _options(self, section: str, variant: str) -> dict[str, Any]:
        """The options of an entry or a variant of it, keys sorted; not to be changed, since they are kept."""
        found: dict[str, Any] = ordered(resolve(self.entries[section], variant, section))
        return found

    def part(self, section: str, name: str, *keys: str) -> dict[str, Any]:
        """Those of an entry's options that one rule reads, so that the others do not rerun it."""
        return {key: value for key, value in self.options(section, name).items() if key in keys}

    def apart(self, section: str, name: str, *keys: str) -> dict[str, Any]:
        """An entry's options without those that another rule reads; methods differ in what the rest is."""
        return {key: value for key, value in self.options(section, name).items() if key not in keys}

    def _tokenizer(self, variant: str) -> TokenizerEntry:
        found: TokenizerEntry = chosen(TokenizerEntry, self.entries["tokenizers"], variant, "tokenizers")
        return found

    def _recommender(self, variant: str) -> RecommenderClass:
        found: RecommenderClass = chosen(RecommenderEntry, self.entries["recommenders"], variant, "recommenders")
        return found

    def _scorer(self, variant: str) -> ScorerClass:
        found: ScorerClass = chosen(ScorerEntry, self.entries["scorers"], variant, "scorers")
        return found

    def vectors(self, dataset: str, encoder: str, seed: str | int) -> str:
        """The vectors of an encoder; a seed counts where every seed trains it anew."""
        pattern = self.paths.seeded_vectors if self.config.encoders[encoder].seeded else self.paths.vectors
        return f"{pattern}.npy".format(dataset=dataset, encoder=encoder, seed=seed)

    def asks(self, rule: str, resource: str, otherwise: int) -> Callable[[Wildcards, int], int]:
        """A function of wildcards and attempt: what a job's method needs of a resource, or, where it leaves that to the
        rule, `otherwise`. Memory and minutes are those of the first attempt; a second one gets twice as much."""

        def amount(wildcards: Wildcards, attempt: int) -> int:
            asked = self._method(wildcards).asks(rule, resource, otherwise)
            return asked * attempt if resource in ("mem_mb", "minutes") else asked

        return amount

    def _method(self, wildcards: Wildcards) -> Method:
        """The typed options of what a job is of: the first of these that its rule has a wildcard for."""
        if variant := getattr(wildcards, "scorer", None):
            return self.scorer(variant)
        if variant := getattr(wildcards, "recommender", None):
            return self.recommender(variant)
        if name := getattr(wildcards, "encoder", None):
            return self.config.encoders[name]
        if name := getattr(wildcards, "language_model", None):
            return self.config.language_models[name]
        return self.tokenizer(wildcards.tokenizer)


def ordered(value: Any) -> Any:
    """The same value with the keys of every mapping sorted, since Snakemake compares params as text."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [ordered(entry) for entry in value]
    return value


def filled(pattern: str, wildcards: Wildcards) -> str:
    """The path of `pattern`, the job's own wildcards in their places."""
    return pattern.format(**_named(pattern, wildcards))


def of_training(pattern: str, wildcards: Wildcards) -> str:
    """The same of the training that a run is decoded from (`trained_as`)."""
    return trained_as(pattern, _named(pattern, wildcards))


def _named(pattern: str, wildcards: Wildcards) -> dict[str, str]:
    return {name: getattr(wildcards, name) for name in re.findall(r"{(\w+)}", pattern)}


def any_of(names: Iterable[str]) -> str:
    """A pattern that matches these names and no others."""
    return "|".join(map(re.escape, names)) or "none"
