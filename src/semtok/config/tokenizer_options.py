"""What tokenizers have in common."""

from typing import Annotated, ClassVar

from pydantic import Field, PositiveFloat, PositiveInt

from semtok.config.base import Method, Name, Section, entry_of

EncoderName = Annotated[Name, entry_of("encoders")]


class TokenizerOptions(Method):
    """What is true of a tokenizer, whatever its options."""

    module: ClassVar[str]
    """Where `tokenize(task)` gives `Tokens` (semtok.tokenizers.base)."""
    trains_on_gpu: ClassVar[bool] = False
    """Whether its training runs on a GPU, or on several; the others need none."""


class Quantized(TokenizerOptions):
    """What every code-based tokenizer has."""

    n_levels: PositiveInt
    """Codes of an item (CoST: M)."""
    codebook_size: Annotated[int, Field(ge=2)]
    """Codewords of a level (K)."""


class Sinkhorn(Section):
    """Entropic optimal transport of items to codewords."""

    epsilon: PositiveFloat
    """Weight of the entropy, where the largest distance is 1 and the smallest -1."""
    iterations: PositiveInt
    """Of Sinkhorn's algorithm: normalisations of rows and columns in turn."""


class SinkhornRepair(Sinkhorn):
    """Items of one tuple are spread over the last level's codewords by Sinkhorn's iterations (LC-Rec; methods.md 1.5).
    For the recommender only: the diagnostics show the raw codes."""

    rounds: PositiveInt
    """How often the items that still collide are tried again."""
