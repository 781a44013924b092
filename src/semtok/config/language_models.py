"""The config of language models, which belong to the encoder stage: one class a source."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from semtok.config.base import Method, PathText, Seed


class LanguageModelOptions(Method):
    """What is true of a language model, whatever its source."""

    trained_here: ClassVar[bool] = False
    """Whether a job of the workflow makes it, a model a dataset."""

    architecture: Literal["opt", "bert"] = "opt"
    """An OPT reads from left to right and tells what comes next; a BERT reads all at once and tells what is masked."""


class HubModel(LanguageModelOptions):
    """A published model, downloaded from the hub or found in its cache; its weights are read as safetensors only."""

    source: Literal["hub"]
    """Published."""
    model: PathText
    """Its name there, such as facebook/opt-350m or bert-base-uncased."""
    revision: PathText | None
    """A branch, tag or commit; null: the latest, which may change under the results."""


class FolderModel(LanguageModelOptions):
    """A model of one's own."""

    source: Literal["folder"]
    """On the disk."""
    path: PathText
    """A folder with config.json, model.safetensors and tokenizer.json, as transformers writes them."""


class CorpusModel(LanguageModelOptions):
    """A small OPT or BERT, trained from scratch on the attributes of the dataset's own items: a real language model for
    machines without downloads, one a dataset and for all seeds. Its tokens (byte-level BPE; BERT's are WordPiece, in
    small letters) are learned from the same texts. An OPT is to tell every next token, a BERT 15% of all, masked."""

    trained_here = True

    source: Literal["corpus"]
    """Trained in the workflow."""
    vocabulary: Annotated[int, Field(ge=300)]
    """Tokens, at most; the 256 bytes of an OPT, the letters of a BERT and special tokens are among them."""
    n_layers: PositiveInt
    """Transformer blocks."""
    n_heads: PositiveInt
    """Attention heads of a block; they divide hidden_dim."""
    hidden_dim: PositiveInt
    """Width of a token's state."""
    inner_dim: PositiveInt
    """Width of the feed-forward layers."""
    max_positions: Annotated[int, Field(ge=8)]
    """Longest sequence that it can read later. Beyond `window`, positions are those of the initial weights."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """In training, of states and attention."""
    window: Annotated[int, Field(ge=8)]
    """Tokens of a training sequence: the items' texts are laid end to end in random order and cut."""
    batch_size: PositiveInt
    """Windows a step."""
    learning_rate: PositiveFloat
    """AdamW's; the peak of half a cosine."""
    warmup: Annotated[float, Field(ge=0, lt=1)]
    """Share of the steps over which the learning rate rises."""
    epochs: PositiveInt
    """Passes over the texts, at most."""
    patience: NonNegativeInt
    """Epochs without a better loss on the held-out items after which training ends; 0: it does not."""
    held_out: Annotated[float, Field(gt=0, lt=0.5)]
    """Share of the items that are not learned from, by whose texts the best epoch is told; they lie among those that a
    dense tokenizer of the same share holds out."""
    seed: Seed
    """Of the initial weights, the order of the texts and dropout."""

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "CorpusModel":
        if self.hidden_dim % self.n_heads:
            raise ValueError(f"n_heads that divide hidden_dim = {self.hidden_dim}, not {self.n_heads}")
        if self.window > self.max_positions:
            raise ValueError(f"window at most max_positions = {self.max_positions}, not {self.window}")
        return self


LanguageModelEntry = Annotated[HubModel | FolderModel | CorpusModel, Field(discriminator="source")]
