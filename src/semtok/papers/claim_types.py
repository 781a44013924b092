"""What a claim of a paper may be: one class a test. The verdicts are in `semtok.papers.claims`."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from semtok.config.base import Name, Section

Metric = Literal["recall", "ndcg"]


class Claim(Section):
    """What all claims have."""

    id: Name
    statement: str
    """The claim in our words."""
    place: Name
    """The table or figure whose runs decide it."""
    dataset: str
    """Printed name of the dataset."""
    printed: str
    """The printed evidence in short."""
    note: str = ""
    """What a reader must know about the test, such as the inconsistency that it works around."""

    @property
    def tokenizers(self) -> list[str]:
        """Every tokenizer that the test compares, as written in the definition."""
        raise NotImplementedError


class PrintedGain(Section):
    """A printed relative gain: of one metric at one k, or the mean over several k."""

    metric: Metric
    ks: Annotated[list[PositiveInt], Field(min_length=1)]
    percent: float


class GainClaim(Claim):
    """`better` beats `worse` by a printed percentage."""

    test: Literal["gain"]
    better: str
    worse: str
    gains: Annotated[list[PrintedGain], Field(min_length=1)]

    @property
    def tokenizers(self) -> list[str]:
        """`better`, then `worse`."""
        return [self.better, self.worse]


class ShrinkingGainClaim(Claim):
    """The relative gain of `better` over `worse` shrinks from each k to the next."""

    test: Literal["shrinking gain"]
    better: str
    worse: str
    metric: Metric
    ks: Annotated[list[PositiveInt], Field(min_length=2)]

    @property
    def tokenizers(self) -> list[str]:
        """`better`, then `worse`."""
        return [self.better, self.worse]


class Pair(Section):
    """`higher` scores above `lower`."""

    higher: str
    lower: str


class OrderClaim(Claim):
    """Pairs in which one scores above the other, for every metric and k: an ordering, a trend or an optimum."""

    test: Literal["order"]
    pairs: Annotated[list[Pair], Field(min_length=1)]
    metrics: Annotated[list[Metric], Field(min_length=1)]
    ks: Annotated[list[PositiveInt], Field(min_length=1)]
    at_least: PositiveInt | None = None
    """How many of the comparisons must hold; None for all."""

    @model_validator(mode="after")
    def _possible(self) -> "OrderClaim":
        comparisons = len(self.pairs) * len(self.metrics) * len(self.ks)
        if self.at_least is not None and self.at_least > comparisons:
            raise ValueError(f"at_least must not exceed the {comparisons} comparisons")
        return self

    @property
    def tokenizers(self) -> list[str]:
        """In order of first mention."""
        return list(dict.fromkeys(name for pair in self.pairs for name in (pair.higher, pair.lower)))


class NotWorseClaim(Claim):
    """`better` is at least as good as `other`, for every metric and k, up to a margin."""

    test: Literal["not worse"]
    better: str
    other: str
    metrics: Annotated[list[Metric], Field(min_length=1)]
    ks: Annotated[list[PositiveInt], Field(min_length=1)]
    margin: Annotated[float, Field(gt=0, lt=1)]
    """Relative loss that still counts as a tie."""

    @property
    def tokenizers(self) -> list[str]:
        """`better`, then `other`."""
        return [self.better, self.other]


class CollisionClaim(Claim):
    """`more` gives equal codes to similar items, and `fewer` does so less often."""

    test: Literal["collisions"]
    fewer: str
    more: str

    @property
    def tokenizers(self) -> list[str]:
        """`fewer`, then `more`."""
        return [self.fewer, self.more]


AnyClaim = Annotated[
    GainClaim | ShrinkingGainClaim | OrderClaim | NotWorseClaim | CollisionClaim, Field(discriminator="test")
]
