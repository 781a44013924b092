"""A small language model from scratch, on the texts of one dataset's items: an OPT, which tells the next token, is
here; a BERT in `corpus_bert`."""

import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch.nn.functional as F
from torch import Tensor

from semtok.config.data import Attributes
from semtok.config.language_models import CorpusModel
from semtok.encoders.attributes import AttributeTokens, field_label, held_out
from semtok.encoders.corpus_bert import MaskedLanguageModelTraining, documents_of_bert, word_piece
from semtok.encoders.corpus_training import CorpusTraining
from semtok.encoders.language_models import LanguageModel, MaskedLanguageModel
from semtok.errors import DataError
from semtok.run import devices
from semtok.torchvision_operators import declare_missing
from semtok.training import Plan, train

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import OPTForCausalLM

log = logging.getLogger(__name__)

SPECIAL = ["<s>", "<pad>", "</s>"]
"""The first tokens, as OPT has them: the second fills up, the third stands before a text."""
START = 2


def train_language_model(
    options: CorpusModel, items: pd.DataFrame, attributes: Attributes, checkpoint: Path | None, identity: str
) -> tuple[LanguageModel | MaskedLanguageModel, list[dict[str, Any]], dict[str, Any]]:
    """Train on the attributes `items` (`read_attributes`) of all items but the held-out ones.

    Returns the model of the epoch with the best loss on those, the history and the facts. A BERT's perplexity is that
    of the tokens that it was asked for.
    """
    is_held_out = held_out(len(items), options.held_out)
    is_bert = options.architecture == "bert"
    vocabulary = (word_piece if is_bert else byte_level_bpe)(items[~is_held_out], options.vocabulary)
    tokens = AttributeTokens(items, attributes, vocabulary, max_tokens=None)
    texts = [tokens.document(item) for item in range(len(items))]
    documents = documents_of_bert(texts) if is_bert else [[START, *text] for text in texts]
    learned, asked = (
        [documents[item] for item in np.flatnonzero(rows) if texts[item]] for rows in (~is_held_out, is_held_out)
    )
    if not learned or not asked:
        raise DataError(f"items: {len(learned)} texts to learn from and {len(asked)} held out; expected some of both")
    kind = MaskedLanguageModelTraining if is_bert else LanguageModelTraining
    training = kind(options, vocabulary.get_vocab_size(), learned, asked)
    plan = Plan(options.epochs, options.learning_rate, "cosine", options.warmup, options.patience)
    progress = train(training, plan, checkpoint, identity)
    epoch = progress.best_epoch or progress.epoch
    loss = progress.history[epoch - 1]["held_out_loss"]
    facts = {
        "source": options.source,
        "items": len(items),
        "items_held_out": int(is_held_out.sum()),
        "tokens_of_an_epoch": sum(map(len, learned)),
        "vocabulary": vocabulary.get_vocab_size(),
        "parameters": sum(weight.numel() for weight in training.model.parameters()),
        "epoch": epoch,
        "held_out_perplexity": math.exp(loss),
        **devices.hardware(),
    }
    log.info("language model: %s", facts)
    network: Any = training.model.eval()
    return (MaskedLanguageModel if is_bert else LanguageModel)(network, vocabulary), progress.history, facts


def byte_level_bpe(items: pd.DataFrame, size: int) -> "Tokenizer":
    """A vocabulary of at most `size` tokens, learned from all columns; bytes are in it, so that no text is unknown."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    vocabulary = Tokenizer(models.BPE())
    vocabulary.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    vocabulary.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (f" {field_label(field)} {text}" for field in map(str, items) for text in items[field].dropna())
    vocabulary.train_from_iterator(texts, trainer)
    return vocabulary


def make_network(options: CorpusModel, n_tokens: int) -> "OPTForCausalLM":
    """An OPT with random weights."""
    declare_missing()
    from transformers import OPTConfig, OPTForCausalLM

    return OPTForCausalLM(
        OPTConfig(
            vocab_size=n_tokens,
            hidden_size=options.hidden_dim,
            word_embed_proj_dim=options.hidden_dim,
            num_hidden_layers=options.n_layers,
            num_attention_heads=options.n_heads,
            ffn_dim=options.inner_dim,
            max_position_embeddings=options.max_positions,
            dropout=options.dropout,
            attention_dropout=options.dropout,
            pad_token_id=SPECIAL.index("<pad>"),
            bos_token_id=START,
            eos_token_id=START,
        )
    )


class LanguageModelTraining(CorpusTraining):
    """An OPT's."""

    make_network = staticmethod(make_network)

    def losses(self, windows: Tensor, *numbers: int) -> Tensor:
        """-log p of every token of [batch, window] but the first, given those before it: [batch * (window - 1)]."""
        windows = windows.to(self.where)
        with devices.autocast(self.where, self.compute_dtype):
            logits = self.model(input_ids=windows).logits  # (batch, window, n_tokens)
        return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), windows[:, 1:].flatten(), reduction="none")
