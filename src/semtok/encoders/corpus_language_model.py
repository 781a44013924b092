"""A small OPT from scratch, on the texts of one dataset's items: next-token prediction over packed windows."""

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from semtok.config.data import Attributes
from semtok.config.language_models import CorpusModel
from semtok.encoders.attributes import AttributeTokens, held_out, label
from semtok.encoders.language_models import LanguageModel
from semtok.errors import DataError
from semtok.optimizers import AdamW
from semtok.run import devices
from semtok.torchvision_operators import declare_missing
from semtok.training import Losses, Objective, Plan, Progress, build, generator, train

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import OPTForCausalLM

log = logging.getLogger(__name__)

SPECIAL = ["<s>", "<pad>", "</s>"]
"""The first tokens, as OPT has them: the second fills up, the third stands before a text."""
START = 2


def train_language_model(
    options: CorpusModel, items: pd.DataFrame, attributes: Attributes, checkpoint: Path | None, identity: str
) -> tuple[LanguageModel, list[dict[str, Any]], dict[str, Any]]:
    """Train on the attributes `items` (`read_attributes`) of all items but the held-out ones.

    Returns the model of the epoch with the best loss on those, the history and the facts.
    """
    is_held_out = held_out(len(items), options.held_out)
    vocabulary = byte_level_bpe(items[~is_held_out], options.vocabulary)
    tokens = AttributeTokens(items, attributes, vocabulary, max_tokens=None)
    documents = [[START, *tokens.document(item)] for item in range(len(items))]
    learned, asked = (
        [documents[item] for item in np.flatnonzero(rows) if len(documents[item]) > 1]
        for rows in (~is_held_out, is_held_out)
    )
    if not learned or not asked:
        raise DataError(f"items: {len(learned)} texts to learn from and {len(asked)} held out; expected some of both")
    training = LanguageModelTraining(options, vocabulary.get_vocab_size(), learned, asked)
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
        **devices.describe(),
    }
    log.info("language model: %s", facts)
    return LanguageModel(training.model.eval(), vocabulary), progress.history, facts


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
    texts = (f" {label(field)} {text}" for field in map(str, items) for text in items[field].dropna())
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


class LanguageModelTraining(Objective):
    """The training of a network on documents, lists of tokens, which are laid end to end and cut into windows."""

    name = "language model"
    resumes_within_epochs = True

    def __init__(self, options: CorpusModel, n_tokens: int, learned: list[list[int]], asked: list[list[int]]) -> None:
        """learned: the documents to learn from; asked: those that tell the best epoch."""
        self.options, self.where = options, devices.device()
        self.compute_dtype = devices.compute_dtype(self.where)
        self.remedy = f"lower learning_rate (now {options.learning_rate})"
        self.model = build(lambda: make_network(options, n_tokens), options.seed)
        self.optimizer = AdamW(self.model.parameters(), lr=options.learning_rate, fused=True)
        self.learned = [torch.tensor(document) for document in learned]
        text = torch.cat([torch.tensor(document) for document in asked])
        self.asked = torch.split(text, options.window)
        n_windows = max(1, sum(map(len, learned)) // options.window)
        self.steps_per_epoch = math.ceil(n_windows / options.batch_size)

    def start(self) -> None:
        """Dropout draws from here on; a checkpoint holds where it stands."""
        torch.manual_seed(self.options.seed)

    def batches(self, epoch: int) -> Iterator[Tensor]:
        """Windows [batch, window] of the documents in the order of the epoch; what is left of a window is dropped."""
        order = torch.randperm(len(self.learned), generator=generator(self.options.seed, epoch)).tolist()
        text = torch.cat([self.learned[number] for number in order])
        window = min(self.options.window, len(text))
        windows = text[: len(text) // window * window].view(-1, window)
        yield from torch.split(windows, self.options.batch_size)

    def backward(self, batch: Tensor, progress: Progress) -> Losses:
        """The mean loss of a token in nats."""
        loss = self.losses(batch).mean()
        torch.autograd.backward(loss)
        return Losses({"loss": loss}, weight=batch.numel(), divisor=batch.numel())

    def losses(self, windows: Tensor) -> Tensor:
        """-log p of every token of [batch, window] but the first, given those before it: [batch * (window - 1)]."""
        windows = windows.to(self.where)
        with devices.autocast(self.where, self.compute_dtype):
            logits = self.model(input_ids=windows).logits  # (batch, window, n_tokens)
        return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), windows[:, 1:].flatten(), reduction="none")

    @torch.no_grad()
    def row(self, progress: Progress, losses: dict[str, float]) -> dict[str, Any]:
        """The mean loss of a token, and that of a token of the held-out documents."""
        self.model.eval()
        found = torch.cat([self.losses(window[None]) for window in self.asked if len(window) > 1])
        row = {"epoch": progress.epoch, "loss": losses["loss"], "held_out_loss": float(found.double().mean())}
        log.info("epoch %(epoch)d: loss %(loss).4f, held out %(held_out_loss).4f", row)
        return row

    def score(self, row: dict[str, Any]) -> tuple[float, ...] | None:
        """The lower the loss of the held-out documents the better."""
        return (-row["held_out_loss"],)
