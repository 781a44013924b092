"""What a claim of a paper may be: one class a test. The verdicts are in `semtok.papers.claims`."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from semtok.config.base import Name, Section
from semtok.plan.claim_base import Claim, ClaimBase, PairedMethods, TwoMethods
from semtok.plan.code_claim_specs import DiagnosticsClaim, PhasesClaim, PurityClaim
from semtok.plan.metrics import Metric


class PrintedGain(Section):
    """A printed relative gain: of one metric at one k, or the mean over several k."""

    metric: Metric
    ks: Annotated[list[PositiveInt], Field(min_length=1)]
    percent: float


class GainClaim(TwoMethods, Claim):
    """`better` beats `worse` by a printed percentage."""

    test: Literal["gain"]
    gains: Annotated[list[PrintedGain], Field(min_length=1)]


class ShrinkingGainClaim(TwoMethods, Claim):
    """The relative gain of `better` over `worse` shrinks from each k to the next."""

    test: Literal["shrinking gain"]
    metric: Metric
    ks: Annotated[list[PositiveInt], Field(min_length=2)]


class OrderClaim(PairedMethods, Claim):
    """Pairs in which one scores above the other, for every metric and k: an ordering, a trend or an optimum."""

    test: Literal["order"]
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


class GainContrastClaim(TwoMethods, ClaimBase):
    """`better` gains more over `worse` on some datasets than on others, for every k."""

    test: Literal["gain contrast"]
    exhibit: Name
    larger: Annotated[list[str], Field(min_length=1)]
    """Printed names of the datasets with the larger gain, averaged."""
    smaller: Annotated[list[str], Field(min_length=1)]
    metric: Metric
    ks: Annotated[list[PositiveInt], Field(min_length=1)]
    scale: Literal["absolute", "relative"]
    """Differences, or percent of the worse method's score."""

    @property
    def datasets(self) -> list[str]:
        """The larger ones first."""
        return [*self.larger, *self.smaller]


_Single = (
    GainClaim
    | ShrinkingGainClaim
    | OrderClaim
    | NotWorseClaim
    | CollisionClaim
    | GainContrastClaim
    | DiagnosticsClaim
    | PurityClaim
    | PhasesClaim
)
SingleClaim = Annotated[_Single, Field(discriminator="test")]


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


AnyClaim = Annotated[_Single | JointClaim, Field(discriminator="test")]
