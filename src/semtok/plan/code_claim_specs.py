"""Claims about what tokenizers measured or logged: one number a run, so that seeds are all that varies.

A tokenizer that such a claim names need not be among its exhibit's rows: codes are made for it, and no recommender.
"""

from typing import Annotated, Literal

from pydantic import Field

from semtok.config.base import Section
from semtok.plan.claim_base import Claim, PairedMethods

Quantity = Literal["collision rate", "codebook perplexity", "codebook use"]
"""1 - tuples / items; perplexity over K and share of codewords in use, both averaged over levels (methods.md 7.4)."""


class DiagnosticsClaim(PairedMethods, Claim):
    """Pairs of which one has more of every quantity than the other."""

    test: Literal["diagnostics"]
    quantities: Annotated[list[Quantity], Field(min_length=1)]
    same_shape: bool = False
    """Whether all must have as many levels and codewords."""
    margin: Annotated[float, Field(gt=0, lt=1)] | None = None
    """With one, `higher` need not be above `lower`: it must not lose more than this share of it."""


class PurityClaim(Claim):
    """Codes are a hierarchy: items of a longer prefix are more alike.

    The share of items in their prefix's most frequent category, over prefixes of several items, rises from each depth
    to the next, and after the first level it is above that of codes without meaning.
    """

    test: Literal["rising purity"]
    tokenizer: str
    chance: str
    """A tokenizer without meaning, of the same shape."""

    @property
    def tokenizers(self) -> list[str]:
        """`tokenizer`, then `chance`."""
        return [self.tokenizer, self.chance]


class Thresholds(Section):
    """When a curve counts as moved, as shares of its range."""

    rise: Annotated[float, Field(gt=0, lt=0.5)]
    """Perplexity rises from where it leaves its start by this share of its range, to where it lacks as much of the
    end of it."""
    loss: Annotated[float, Field(gt=0, lt=1)]
    """By how much the loss must fall, rise and fall again."""
    growth: Annotated[float, Field(gt=0)]
    """By how much perplexity must rise at all, as a share of its start."""


class PhasesClaim(Claim):
    """Three phases of training: the loss falls while perplexity stays, it rises while perplexity rises, it falls again.

    Decided run by run, from smoothed curves.
    """

    test: Literal["phases"]
    tokenizer: str
    step: str
    loss: str
    """Column of the history."""
    perplexity: str
    """Name or pattern of the columns that are averaged (`perplexity_*`: one a level)."""
    window: Annotated[int, Field(ge=1)]
    """Rows of the history in a running mean."""
    thresholds: Thresholds

    @property
    def tokenizers(self) -> list[str]:
        """The one tokenizer."""
        return [self.tokenizer]
