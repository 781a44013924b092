"""What the kinds of claims have in common. Imported by the Snakefile: kept light."""

from collections.abc import Collection
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from semtok.config.base import Name, Section
from semtok.plan.metrics import Metric, columns

Verdict = Literal["reproduced", "reproduced in part", "inconclusive", "not comparable", "not reproduced", "synthetic"]
"""What may be said of a claim (`semtok.papers.claims.verdicts`); `synthetic`: nothing, since the data are made up."""


def each(level: str) -> str:
    """The level of tests that must all hold, in words."""
    return f"each {level}; one below zero, Holm-adjusted, refutes"


class ClaimBase(Section):
    """A statement and its printed evidence."""

    id: Name
    statement: str
    """The claim in our words."""
    quote: str = ""
    """The paper's words, and where they stand; empty where it leaves the claim to a table."""
    printed: str
    """The printed evidence in short."""
    note: str = ""
    """What a reader must know about the test, such as the inconsistency that it works around."""
    truth: Verdict | None = None
    """Of a world whose answer is known, the verdict that must come out (`semtok.papers.planted`). Judging never reads
    it."""

    def words(self, level: str) -> str:
        """The test behind the verdict at a `level` of significance, as in `p < 0.05`."""
        raise NotImplementedError


class Claim(ClaimBase):
    """A claim with a test of its own, about runs of one table or figure."""

    needs: ClassVar[Literal["metrics", "diagnostics", "history", "dense"]] = "metrics"
    """What is compared. A tokenizer whose diagnostics are needed may be none of the exhibit's rows: codes are made for
    it, and no recommender."""
    methods: ClassVar[tuple[str, ...]] = ("better", "worse")
    """The fields that name a tokenizer."""

    exhibit: Name
    """The table or figure whose runs decide it."""

    @property
    def parts(self) -> list["Claim"]:
        """Itself; a joint claim has several."""
        return [self]

    @property
    def datasets(self) -> list[str]:
        """Printed names."""
        raise NotImplementedError

    @property
    def tokenizers(self) -> list[str]:
        """Every tokenizer that the test compares, as written in the definition."""
        return [getattr(self, field) for field in self.methods]

    @property
    def columns(self) -> list[tuple[Metric, int]]:
        """Metric and k of what is compared; none for a claim about codes or training."""
        return []

    def can_be_tested(self, built: Collection[tuple[str, str]]) -> bool:
        """Whether the rows that are `built` (dataset, tokenizer) leave something to compare."""
        return all((dataset, name) in built for dataset in self.datasets for name in self.tokenizers)


class DatasetClaim(Claim):
    """A claim about one dataset, by its printed name."""

    dataset: str

    @property
    def datasets(self) -> list[str]:
        """The one dataset."""
        return [self.dataset]


class Pair(Section):
    """`higher` scores above `lower`."""

    higher: str
    lower: str


class PairsClaim(DatasetClaim):
    """A claim about pairs: those that are not built, or not comparable, leave the others to be judged."""

    pairs: Annotated[list[Pair], Field(min_length=1)]
    margin: Annotated[float, Field(gt=0, lt=1)] | None = None
    """With one, `higher` need not be above `lower`: it must not lose more than this share of it."""
    compares_budgets: bool = False
    """Whether it is about how long tokenizers are trained, so that unequal budgets are no obstacle."""

    @property
    def tokenizers(self) -> list[str]:
        """In order of first mention."""
        return list(dict.fromkeys(name for pair in self.pairs for name in (pair.higher, pair.lower)))

    def can_be_tested(self, built: Collection[tuple[str, str]]) -> bool:
        """Whether both tokenizers of some pair are built."""
        rows = {name for dataset, name in built if dataset == self.dataset}
        return any({pair.higher, pair.lower} <= rows for pair in self.pairs)

    def holds(self, needed: str, level: str) -> str:
        """What the test of every pair asks, in words: `needed` differences above zero, or none below the margin."""
        if self.margin is None:
            return f"{needed} above zero ({each(level)})"
        refutes = f"one wholly below it, Holm-adjusted {level}, refutes"
        return f"every interval above -{self.margin:.0%} of the lower ({refutes})"


class OneMetric(Section):
    """Several k of one metric."""

    metric: Metric
    ks: Annotated[list[PositiveInt], Field(min_length=1)]

    @property
    def columns(self) -> list[tuple[Metric, int]]:
        """Metric and k, in the order of `ks`."""
        return columns([self.metric], self.ks)
