"""What a claim of a paper may be: one class a kind, with what it compares and its test in words.

How each kind is judged stands in `semtok.papers.claims`. Imported by the Snakefile: kept light.
"""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from semtok.config.base import Section
from semtok.plan.claim_base import Claim, ClaimBase, DatasetClaim, OneMetric, PairsClaim, each
from semtok.plan.metrics import Metric, columns

Quantity = Literal["collision rate", "codebook perplexity", "codebook use", "codebook evenness"]
"""1 - tuples / items; perplexity over K, share of codewords in use and 1 - Gini, averaged over levels.
docs/methods.md, "Diagnostics of codes"."""

GAIN_TOLERANCE = 0.25
"""A gain is of the printed size within this share of it."""

_BOOTSTRAP = "paired bootstrap over users with the variance between seeds added"


class PrintedGain(OneMetric):
    """A printed relative gain: of one metric at one k, or the mean over several k."""

    percent: float
    or_more: bool = False
    """Whether the paper says that it is over this: none is too large then."""


class GainClaim(DatasetClaim):
    """`better` beats `worse` by a printed percentage."""

    test: Literal["gain"]
    better: str
    worse: str
    gains: Annotated[list[PrintedGain], Field(min_length=1)]

    @property
    def columns(self) -> list[tuple[Metric, int]]:
        """Those of every gain."""
        return [column for gain in self.gains for column in gain.columns]

    def words(self, level: str) -> str:
        """Above zero, and of the printed size."""
        within = f"within {GAIN_TOLERANCE:.0%} of the claimed value"
        above = f"above {1 - GAIN_TOLERANCE:.0%} of the claimed value"
        size = " or ".join(dict.fromkeys(above if gain.or_more else within for gain in self.gains))
        return (
            f"relative gain of {self.better} over {self.worse}, {_BOOTSTRAP}: above zero ({level}), and the whole"
            f" interval {size}; an interval of which nothing is refutes"
        )


class ShrinkingGainClaim(OneMetric, DatasetClaim):
    """The relative gain of `better` over `worse` shrinks from each k to the next."""

    test: Literal["shrinking gain"]
    better: str
    worse: str
    ks: Annotated[list[PositiveInt], Field(min_length=2)]

    def words(self, level: str) -> str:
        """Every step is a test."""
        return (
            f"relative gain of {self.better} over {self.worse}, {_BOOTSTRAP}: falls from each k to the next"
            f" ({each(level)})"
        )


class OrderClaim(PairsClaim):
    """Pairs in which one scores above the other, for every metric and k: an ordering, a trend or an optimum."""

    test: Literal["order"]
    metrics: Annotated[list[Metric], Field(min_length=1)]
    ks: Annotated[list[PositiveInt], Field(min_length=1)]
    at_least: PositiveInt | None = None
    """How many of the comparisons must hold; None for all."""

    @model_validator(mode="after")
    def _possible(self) -> "OrderClaim":
        comparisons = len(self.pairs) * len(self.columns)
        if self.at_least is not None and (self.at_least > comparisons or self.margin is not None):
            raise ValueError(f"at_least must not exceed the {comparisons} comparisons, and excludes a margin")
        return self

    @property
    def columns(self) -> list[tuple[Metric, int]]:
        """Every k of every metric."""
        return columns(self.metrics, self.ks)

    def words(self, level: str) -> str:
        """How many comparisons there are, and how many must hold."""
        comparisons = len(self.pairs) * len(self.columns)
        if comparisons == 1:
            return f"1 difference, {_BOOTSTRAP}: {self.holds('it is', level)}"
        if self.at_least:
            needed = f"at least {self.at_least} above zero (Holm-adjusted {level})"
            return f"{comparisons} differences, {_BOOTSTRAP}: {needed}"
        return f"{comparisons} differences, {_BOOTSTRAP}: {self.holds('all', level)}"


class GainContrastClaim(OneMetric, Claim):
    """`better` gains more over `worse` on some datasets than on others, for every k."""

    test: Literal["gain contrast"]
    better: str
    worse: str
    larger: Annotated[list[str], Field(min_length=1)]
    """Printed names of the datasets with the larger gain, averaged."""
    smaller: Annotated[list[str], Field(min_length=1)]
    scale: Literal["absolute", "relative"]
    """Differences, or percent of the worse method's score."""

    @property
    def datasets(self) -> list[str]:
        """The larger ones first."""
        return [*self.larger, *self.smaller]

    def can_be_tested(self, built: Collection[tuple[str, str]]) -> bool:
        """Whether both tokenizers are built on some dataset of either side."""
        return all(
            any({(dataset, self.better), (dataset, self.worse)} <= set(built) for dataset in side)
            for side in (self.larger, self.smaller)
        )

    def words(self, level: str) -> str:
        """One difference of means a k."""
        return (
            f"{self.scale} gain of {self.better} over {self.worse}, mean over {' and '.join(self.larger)} less mean"
            f" over {' and '.join(self.smaller)}, {_BOOTSTRAP} of each dataset: above zero for every k"
            f" ({each(level)})"
        )


class CollisionClaim(DatasetClaim):
    """`more` gives equal codes to similar items, and `fewer` does so less often."""

    needs = "diagnostics"
    methods = ("fewer", "more")
    test: Literal["collisions"]
    fewer: str
    more: str

    def words(self, level: str) -> str:
        """One test within `more`, two between the tokenizers."""
        return (
            "t-tests over seeds on raw codes: items collide with their nearest neighbour of another vector more often"
            f" than random pairs do under {self.more}, and {self.more} has the higher collision rate and the higher"
            f" rate of collision with that neighbour than {self.fewer} ({each(level)})"
        )


class DiagnosticsClaim(PairsClaim):
    """Pairs of which one has more of every quantity than the other."""

    needs = "diagnostics"
    test: Literal["diagnostics"]
    quantities: Annotated[list[Quantity], Field(min_length=1)]
    same_shape: bool = False
    """Whether all must have as many levels and codewords."""
    loss: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Which share of the higher's quantity the lower must lack at least, as where it is said to collapse; None: any."""

    def words(self, level: str) -> str:
        """Every quantity of every pair is a test."""
        count, names = len(self.pairs) * len(self.quantities), " and ".join(self.quantities)
        what = f"all differences after a loss of {self.loss:.0%}" if self.loss else "all differences"
        return f"{count} Welch's t-tests over seeds of {names}: {self.holds(what, level)}"


class PurityClaim(DatasetClaim):
    """Codes are a hierarchy: every level brings items of one category together within the prefix before it.

    The share of items in their prefix's most frequent category, over prefixes of several items, is above what it would
    be if the codes of the last level had been dealt out anew within the prefix before. (That it rises with the depth
    says nothing: longer prefixes have fewer items, and are purer whatever the codes are.)
    """

    needs = "diagnostics"
    methods = ("tokenizer",)
    test: Literal["purity above chance"]
    tokenizer: str

    def words(self, level: str) -> str:
        """A test a depth."""
        return (
            "t-tests over seeds: at every depth the share of items in the most frequent category of their prefix, over"
            " prefixes of several items, is above that of the same codes with the last level's dealt out anew within"
            f" the prefix before ({each(level)})"
        )


class ReconstructionClaim(DatasetClaim):
    """Dense tokens hold the attributes that they were made of."""

    needs = "dense"
    methods = ("tokenizer",)
    test: Literal["reconstruction"]
    tokenizer: str
    right: Annotated[float, Field(gt=0, lt=1)]
    """The share of the tokens that must be right."""

    def words(self, level: str) -> str:
        """Two tests an attribute."""
        return (
            "t-tests over seeds, for each attribute that is read: the share of an answer's tokens, on held-out items,"
            f" that are right is above {self.right:.0%}, and above that from another item's tokens ({each(level)})"
        )


class Thresholds(Section):
    """When a curve counts as moved, as shares of its range."""

    rise: Annotated[float, Field(gt=0, lt=0.5)]
    """Perplexity rises from where it leaves its start by this share of its range, to where it lacks as much of the
    end of it."""
    loss: Annotated[float, Field(gt=0, lt=1)]
    """By how much the loss must fall, rise and fall again."""
    growth: Annotated[float, Field(gt=0)]
    """By how much perplexity must rise at all, as a share of its start."""


class PhasesClaim(DatasetClaim):
    """Three phases of training: the loss falls while perplexity stays, it rises while perplexity rises, it falls again.

    Decided run by run, from smoothed curves.
    """

    needs = "history"
    methods = ("tokenizer",)
    test: Literal["phases"]
    tokenizer: str
    step: str
    loss: str
    """Column of the history."""
    perplexity: str
    """Name or pattern of the columns that are averaged (`perplexity_*`: one a level)."""
    window: PositiveInt
    """Rows of the history in a running mean."""
    thresholds: Thresholds

    def words(self, level: str) -> str:
        """A pattern in every run, without a test of significance."""
        shares = self.thresholds
        return (
            f"per run, curves smoothed over {self.window} logged rows: mean perplexity of the levels rises by at"
            f" least {shares.growth:.0%}; before its rise (from {shares.rise:.0%} to {1 - shares.rise:.0%} of its"
            " range) the loss falls, within it the loss rises, and from there it falls to the end, each by"
            f" {shares.loss:.0%} of its range; all runs must show it, and if none does it is not reproduced"
        )


SingleClaim = Annotated[
    GainClaim
    | ShrinkingGainClaim
    | OrderClaim
    | GainContrastClaim
    | CollisionClaim
    | DiagnosticsClaim
    | PurityClaim
    | ReconstructionClaim
    | PhasesClaim,
    Field(discriminator="test"),
]


class JointClaim(ClaimBase):
    """Several claims that must all hold; each part has a verdict of its own."""

    test: Literal["all of"]
    parts: Annotated[list[SingleClaim], Field(min_length=2)]

    @model_validator(mode="after")
    def _once(self) -> "JointClaim":
        names = [part.id for part in self.parts]
        if len(set(names)) < len(names):
            raise ValueError("every part's id once")
        return self

    def words(self, level: str) -> str:
        """The parts have tests of their own."""
        return "all parts must be reproduced, and one that is not decides"


AnyClaim = Annotated[SingleClaim | JointClaim, Field(discriminator="test")]
"""A new kind is a class above, here in `SingleClaim`, and a judge in `semtok.papers.claims.JUDGES`."""
