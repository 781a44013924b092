"""Options of the encoders that are built on a language model: one class a method."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from semtok.config.base import Name, entry_of
from semtok.config.encoder_options import EncoderOptions

LanguageModelName = Annotated[Name, entry_of("language_models")]


class LanguageStatesEncoder(EncoderOptions):
    """States of a language model as it is, after it has read the attributes `content` of an item (STORE without its
    dense tokenizer; section 4.3)."""

    module = "semtok.encoders.language_states"
    modality = "language"

    method: Literal["language-states"]
    language_model: LanguageModelName
    """The entry of `language_models`."""
    state: Literal["last", "mean"]
    """Of the last token, or the mean over the tokens."""
    standardize: bool
    """Take the mean off and divide by the root mean square of what is left, so that squared norms are 1 in the mean, as
    those of sentence vectors are: states of language models lie close together and far from zero."""
    max_tokens: PositiveInt
    """Tokens of an attribute that are read; the rest is cut off."""
    batch_size: PositiveInt
    """Items a forward pass."""


class DenseTokenizerEncoder(EncoderOptions):
    """STORE's dense tokenizer: a language model learns by LoRA to write what it reads of an item into a few dense
    tokens, from which alone it then reconstructs and generates the item's attributes (STORE, section 3.1)."""

    module = "semtok.encoders.dense_training"
    modality = "dense"
    seeded = True

    method: Literal["dense-tokenizer"]
    language_model: LanguageModelName
    """The entry of `language_models`."""
    dense_tokens: PositiveInt
    """v; the vectors hold the states of all of them, one after the other."""
    max_tokens: PositiveInt
    """Tokens of an attribute that are read, and asked for; the rest is cut off."""
    lora_rank: PositiveInt
    """Of the low-rank maps that are added to the projections of queries and values."""
    lora_alpha: PositiveInt
    """The added maps count alpha / rank times."""
    lora_dropout: Annotated[float, Field(ge=0, lt=1)]
    """Of the input of the added maps, in training."""
    learning_rate: PositiveFloat
    """Adam's, constant."""
    batch_size: PositiveInt
    """Items a step, each with all its tasks: one pass over the content serves all of them. (STORE's 512 are samples of
    an item and a task, so 128 items of four tasks.)"""
    epochs: PositiveInt
    """Passes over the items, at most."""
    patience: NonNegativeInt
    """Epochs without a better loss on the answers of the held-out items after which training ends; 0: it does not."""
    held_out: Annotated[float, Field(gt=0, lt=0.5)]
    """Share of the items that are not learned from; the same items for all seeds."""
    seed: int
    """Of the initial weights, the order of the items and dropout; that of a run is added."""
