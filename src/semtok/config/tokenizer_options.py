"""What tokenizers have in common."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, ModelWrapValidatorHandler, PositiveFloat, PositiveInt, ValidationInfo, model_validator

from semtok.config.base import Method, Name, Section, entry_of
from semtok.config.own import OWN, only_class, own_module

EncoderName = Annotated[Name, entry_of("encoders")]


class TokenizerOptions(Method):
    """What is true of a tokenizer, whatever its options."""

    module: ClassVar[str]
    """Where `tokenize(task)` gives `Tokens` (semtok.tokenizers.base)."""
    trains_on_gpu: ClassVar[bool] = False
    """Whether its training runs on a GPU, or on several; the others need none."""


class CodebookTokenizer(TokenizerOptions):
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
    """Items of one tuple are spread by Sinkhorn's iterations over the codewords of the last level that no other item of
    their prefix has (after LC-Rec, which offers all of them). For the recommender only: the diagnostics show the raw
    codes."""

    rounds: PositiveInt
    """How often the items that still collide are tried again."""


class OwnTokenizer(TokenizerOptions):
    """A tokenizer of your own, in a file outside of this package. The file holds a class that derives from this one and
    says what the other options are: docs/extending.md."""

    model_config = OWN

    method: Annotated[str, Field(pattern=r"\.py$")]
    """Path of the file from where Snakemake is run, as `grid.py`."""

    @model_validator(mode="wrap")
    @classmethod
    def _by_the_class_in_the_file(
        cls, values: Any, handler: ModelWrapValidatorHandler["OwnTokenizer"], info: ValidationInfo
    ) -> "OwnTokenizer":
        if cls is not OwnTokenizer:
            return handler(values)
        kind = only_class(values["method"], OwnTokenizer, "tokenize")
        kind.module = own_module(values["method"]).__name__
        found: OwnTokenizer = kind.model_validate(values, context=info.context)
        return found
