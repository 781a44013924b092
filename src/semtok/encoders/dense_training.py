"""The training of STORE's dense tokenizer, and every item's dense tokens afterwards (STORE, 3.1)."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from semtok.config.data import Attributes
from semtok.config.language_encoders import DenseTokenizerEncoder
from semtok.encoders.attributes import AttributeTokens, held_out, padded
from semtok.encoders.dense_tokenizer import DenseTokenizer
from semtok.encoders.language_models import LanguageModel
from semtok.errors import ConfigError, DataError
from semtok.optimizers import Adam
from semtok.run import devices
from semtok.training import Losses, Objective, Plan, Progress, State, generator, seeded_model, train, weights_of

log = logging.getLogger(__name__)

BUCKET = 8
"""Batches whose items are sorted by length together, so that a batch has little padding."""

Items = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DenseItems:
    """What the dense tokenizer makes."""

    vectors: npt.NDArray[np.float32]
    """[n_items, v * width of a state]; NaN for an item that has nothing to read."""
    weights: State
    """What was trained."""
    history: list[dict[str, Any]]
    """A row an epoch."""
    facts: dict[str, Any]


def encode(
    options: DenseTokenizerEncoder,
    model: LanguageModel,
    items: pd.DataFrame,
    attributes: Attributes,
    checkpoint: Path | None = None,
    identity: str = "",
) -> DenseItems:
    """Train on the attributes `items` (`read_attributes`) of all but the held-out items, then encode every item."""
    training = DenseTraining(options, model, items, attributes)
    plan = Plan(options.epochs, options.learning_rate, patience=options.patience)
    progress = train(training, plan, checkpoint, identity)
    vectors = training.vectors()
    facts = {
        "method": options.method,
        "items": len(items),
        "items_without_content": len(items) - len(training.readable),
        "items_held_out": len(training.asked),
        "dense_tokens": options.dense_tokens,
        "dimensions": int(vectors.shape[1]),
        "trained_parameters": sum(weight.numel() for weight in training.model.state_dict().values()),
        "epoch": progress.best_epoch or progress.epoch,
        "held_out_answers": training.reconstruction(),
        **devices.hardware(),
    }
    log.info("dense tokens: %s", facts)
    return DenseItems(vectors, weights_of(training.model), progress.history, facts)


class DenseTraining(Objective):
    """Reconstruction of the attributes that are read, and generation of the others, from the dense tokens alone."""

    name = "dense tokenizer"
    resumes_within_epochs = True
    model: DenseTokenizer

    def __init__(
        self, options: DenseTokenizerEncoder, model: LanguageModel, items: pd.DataFrame, attributes: Attributes
    ) -> None:
        self.options, self.where = options, devices.device()
        self.remedy = f"lower learning_rate (now {options.learning_rate})"
        self.tokens = AttributeTokens(items, attributes, model.vocabulary, options.max_tokens)
        self.text_start, self.filler = model.start, int(model.network.config.pad_token_id)
        self.lengths = np.array([len(self.tokens.content(item)) for item in range(len(items))])
        self.readable = np.flatnonzero(self.lengths)
        is_held_out = held_out(len(items), options.held_out)[self.readable]
        self.asked, self.learned = self.readable[is_held_out], self.readable[~is_held_out]
        if not len(self.asked) or not len(self.learned):
            raise DataError(
                f"items: {len(self.learned)} with content to learn from, {len(self.asked)} held out; expected some of "
                "both, so more items or another held_out"
            )
        self._check_length(model.max_positions)
        n_tasks = len(self.tokens.fields)
        self.model = seeded_model(lambda: DenseTokenizer(model.network, options, n_tasks), options.seed)
        self.model.compute_dtype = devices.compute_dtype(self.where)
        weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimizer = Adam(weights, lr=options.learning_rate, fused=True)
        self.steps_per_epoch = math.ceil(len(self.learned) / options.batch_size)

    def start(self) -> None:
        """Dropout draws from here on; a checkpoint holds where it stands."""
        torch.manual_seed(self.options.seed)

    def batches(self, epoch: int) -> Iterator[Items]:
        """The items to learn from in the order of (seed, epoch), those of similar length together."""
        order = generator(self.options.seed, epoch)
        shuffled = self.learned[torch.randperm(len(self.learned), generator=order).numpy()]
        size = self.options.batch_size
        batches: list[Items] = []
        for first in range(0, len(shuffled), BUCKET * size):
            bucket = shuffled[first : first + BUCKET * size]
            bucket = bucket[np.argsort(self.lengths[bucket], kind="stable")]
            batches += [bucket[start : start + size] for start in range(0, len(bucket), size)]
        yield from (batches[number] for number in torch.randperm(len(batches), generator=order).tolist())

    def backward(self, batch: Items, progress: Progress) -> Losses:
        """The mean loss of a token over the answers of the items [batch]."""
        asked = self.ask(batch)
        _, dense = self.model.read(*self.contents(batch))
        loss = F.cross_entropy(self.model.answer(dense[asked.row], asked.tokens, asked.mask), asked.words)
        torch.autograd.backward(loss)
        return Losses({"loss": loss}, weight=len(asked.words), divisor=len(asked.words))

    def row(self, progress: Progress, losses: dict[str, float]) -> dict[str, Any]:
        """The mean loss of a token; of the held-out items also the share of tokens that are right, by attribute."""
        found = self.measure(0)
        accuracy = {f"accuracy_{field}": found.accuracy(task) for task, field in enumerate(self.tokens.fields)}
        log.info("epoch %d: loss %.4f, held out %.4f, %s", progress.epoch, losses["loss"], found.loss, accuracy)
        return {"epoch": progress.epoch, "loss": losses["loss"], "held_out_loss": found.loss, **accuracy}

    def score(self, row: dict[str, Any]) -> tuple[float, ...] | None:
        """The lower the loss of the held-out answers the better."""
        return (-row["held_out_loss"],)

    def reconstruction(self) -> dict[str, dict[str, Any]]:
        """By attribute, how much of the held-out items' answers the dense tokens tell (claim S-12).

        `accuracy` is the share of the value's tokens that are the most likely ones, given those before; the attribute's
        name does not count. `accuracy_of_another_item` is that from the dense tokens of another item: what the language
        model knows without the item.
        """
        own, of_another = self.measure(0), self.measure(1)
        return {
            field: {
                "task": "reconstruction" if task < self.tokens.n_content else "generation",
                "answers": own.answers[task],
                "tokens": own.tokens[task],
                "accuracy": own.accuracy(task),
                "accuracy_of_another_item": of_another.accuracy(task),
            }
            for task, field in enumerate(self.tokens.fields)
        }

    @torch.no_grad()
    def measure(self, shift: int) -> "HeldOutAccuracy":
        """The held-out items' answers from their own dense tokens, or those of the item `shift` places on."""
        self.model.eval()
        n_tasks = len(self.tokens.fields)
        dense = torch.cat([self.model.read(*self.contents(part))[1] for part in self._parts(self.asked)])
        dense = dense.roll(-shift, dims=0)
        loss, n_words = 0.0, 0
        right, tokens, answers = torch.zeros(3, n_tasks, dtype=torch.int64)
        for first, part in self._numbered_parts(self.asked):
            asked = self.ask(part)
            logits = self.model.answer(dense[first : first + len(part)][asked.row], asked.tokens, asked.mask)
            loss += float(F.cross_entropy(logits, asked.words, reduction="sum"))
            n_words += len(asked.words)
            is_right = (logits.argmax(dim=1) == asked.words) & asked.is_value
            right += asked.task_of_word[is_right].bincount(minlength=n_tasks).cpu()
            tokens += asked.task_of_word[asked.is_value].bincount(minlength=n_tasks).cpu()
            answers += asked.task.bincount(minlength=n_tasks).cpu()
        return HeldOutAccuracy(loss / n_words, right.tolist(), tokens.tolist(), answers.tolist())

    @torch.no_grad()
    def vectors(self) -> npt.NDArray[np.float32]:
        """The states of the dense tokens of every item, one after the other."""
        self.model.eval()
        by_length = self.readable[np.argsort(self.lengths[self.readable], kind="stable")]
        states = [self.model.read(*self.contents(part))[0].flatten(1).cpu().numpy() for part in self._parts(by_length)]
        vectors = np.full((len(self.lengths), states[0].shape[1]), np.nan, dtype=np.float32)
        vectors[by_length] = np.concatenate(states)
        return vectors

    def contents(self, items: Items) -> tuple[Tensor, Tensor]:
        """[C | T] of the items, int64 [n, length], and where there are tokens."""
        dense = range(self.model.n_words, self.model.n_words + self.options.dense_tokens)
        rows = [[self.text_start, *self.tokens.content(item), *dense] for item in items]
        return self._padded(rows)

    def ask(self, items: Items) -> "AnswerBatch":
        """All answers of the items."""
        first_task = self.model.n_words + self.options.dense_tokens
        pairs = [(row, answer) for row, item in enumerate(items) for answer in self.tokens.answers(item)]
        tokens, mask = self._padded([[first_task + answer.task, *answer.tokens] for _, answer in pairs])
        row, task, n_label = (
            torch.tensor(column, device=self.where)
            for column in zip(*((row, answer.task, answer.n_label) for row, answer in pairs), strict=True)
        )
        is_word = mask[:, 1:]
        place = torch.arange(is_word.shape[1], device=self.where)
        return AnswerBatch(
            row=row,
            tokens=tokens,
            mask=mask,
            task=task,
            words=tokens[:, 1:][is_word],
            task_of_word=task[:, None].expand_as(is_word)[is_word],
            is_value=(place >= n_label[:, None])[is_word],
        )

    def _padded(self, rows: list[list[int]]) -> tuple[Tensor, Tensor]:
        lengths = torch.tensor([len(row) for row in rows], device=self.where)
        tokens = padded(rows, self.filler, self.where)
        return tokens, torch.arange(tokens.shape[1], device=self.where) < lengths[:, None]

    def _numbered_parts(self, items: Items) -> Iterator[tuple[int, Items]]:
        """The items, a batch at a time, each with the place of its first."""
        for first in range(0, len(items), self.options.batch_size):
            yield first, items[first : first + self.options.batch_size]

    def _parts(self, items: Items) -> Iterator[Items]:
        yield from (part for _, part in self._numbered_parts(items))

    def _check_length(self, most: int) -> None:
        longest = 1 + int(self.lengths.max()) + self.options.dense_tokens
        if longest > most:
            raise ConfigError(
                f"max_tokens: {self.options.max_tokens} of an attribute make sequences of {longest} tokens; expected "
                f"at most the {most} positions of the language model {self.options.language_model}"
            )


@dataclass(frozen=True)
class AnswerBatch:
    """The answers of a batch of items, n of them with w words in all."""

    row: Tensor
    """[n] which item of the batch."""
    tokens: Tensor
    """[n, length] K: the task's token and the answer."""
    mask: Tensor
    """[n, length] where there are tokens."""
    task: Tensor
    """[n] the task of an answer."""
    words: Tensor
    """[w] the words of all answers."""
    task_of_word: Tensor
    """[w] the task of a word's answer."""
    is_value: Tensor
    """[w] whether a word is of the value, and not of the attribute's name."""


@dataclass(frozen=True)
class HeldOutAccuracy:
    """How well answers were told; lists hold one number a task."""

    loss: float
    """Mean of a token, names included."""
    right: list[int]
    """Tokens of values that are the most likely ones."""
    tokens: list[int]
    """Tokens of values."""
    answers: list[int]
    """Answers."""

    def accuracy(self, task: int) -> float | None:
        """The share of tokens that are right; None where none was asked for."""
        return self.right[task] / self.tokens[task] if self.tokens[task] else None
