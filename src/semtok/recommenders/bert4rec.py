"""BERT4Rec (Sun et al., CIKM 2019): masked items are filled in from both sides.

Transformer blocks over item vectors, where every step sees all others. In training some items of a window of a user's
train part are replaced by MASK, and the loss is the cross-entropy of each over the whole catalogue. What comes next
is the item at a MASK behind the history. Since that is not how most masked items lie, a part of the training samples
have a MASK at their end and nowhere else.

Shapes: B sequences of T steps, d the hidden width.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semtok.config.over_ids import BERT4Rec, BERT4RecTrainingOptions, SelfAttentionOptions
from semtok.recommenders.item_ids import decode_over_ids, train_over_ids
from semtok.recommenders.item_model import ItemModel, WindowBatch
from semtok.recommenders.self_attention import ACTIVATIONS, INITIAL_DEVIATION, TransformerEncoder, initialize
from semtok.recommenders.sequences import Histories, Integers, Samples
from semtok.recommenders.task import Decoded, RecommenderTask, Trained, Weights
from semtok.recommenders.training import TrainingSamples
from semtok.recommenders.windows import Windows, backward_in_groups

MASKS = 2
"""What an epoch's random numbers are for, beside its order."""


class BERT4RecNetwork(ItemModel):
    """Sequences with masked steps to states; the score of item i at a step is `norm(f(W h + b)) . e_i + b_i`.

    The parameter `item.weight` [n_items, d] holds the item vectors, by which the items come in as well.
    """

    def __init__(self, options: SelfAttentionOptions, n_items: int, max_items: int) -> None:
        super().__init__()
        self.item = nn.Embedding(n_items, options.hidden_dim)
        self.mask = nn.Parameter(torch.empty(options.hidden_dim))
        self.layers = TransformerEncoder(options, max_items + 1)  # a history and what is asked for
        self.project = nn.Linear(options.hidden_dim, options.hidden_dim)
        self.activation = ACTIVATIONS[options.activation]
        self.norm = nn.LayerNorm(options.hidden_dim)
        self.bias = nn.Parameter(torch.zeros(n_items))
        self.apply(initialize)
        nn.init.normal_(self.mask, std=INITIAL_DEVIATION)

    def forward(self, items: Tensor, is_masked: Tensor, real: Tensor) -> Tensor:
        """[B, T] item ids, where MASK stands instead, and which steps are no padding, to states [B, T, d]."""
        vectors = torch.where(is_masked.unsqueeze(-1), self.mask, self.item(items))  # (B, T, d)
        states: Tensor = self.layers(vectors, real)
        return states

    def scores_at(self, states: Tensor) -> Tensor:
        """Of every item of the catalogue: [N, d] to [N, n_items]."""
        return F.linear(self.norm(self.activation(self.project(states))), self.item.weight, self.bias)

    def loss(self, windows: WindowBatch) -> Tensor:
        """The summed cross-entropy of the N masked items []."""
        is_masked = self.tensor(windows.is_learned)  # (B, T)
        states = self(self.tensor(windows.histories.items), is_masked, self.tensor(windows.histories.real))
        scores = self.scores_at(states[is_masked])  # (N, n_items)
        return F.cross_entropy(scores.float(), self.tensor(windows.following)[is_masked], reduction="sum")

    def scores(self, histories: Histories) -> Tensor:
        """Of every item at a MASK behind each history: [B, n_items]."""
        lengths = histories.lengths[:, None]  # (B, 1)
        steps = np.arange(histories.items.shape[1] + 1)
        items = self.tensor(np.pad(histories.items, ((0, 0), (0, 1))))  # (B, T + 1)
        is_masked = self.tensor(steps == lengths)  # (B, T + 1)
        return self.scores_at(self(items, is_masked, self.tensor(steps <= lengths))[is_masked])


class Cloze(TrainingSamples):
    """The windows of the users' train parts, masked anew in every epoch.

    A sample is a window with each of its items masked by the chance `mask_ratio`, one of them at least; or, by the
    chance `last_item_ratio`, what precedes one of its items, with a MASK in that item's place and nothing behind it, as
    when ranking. Items are masked that SASRec has to predict: train records with a predecessor.
    """

    def __init__(self, windows: Windows, options: BERT4RecTrainingOptions, seed: int) -> None:
        self.windows, self.options, self.seed = windows, options, seed
        self.sequences, self.n_steps = windows.sequences, windows.max_items + 1
        self.learned = np.flatnonzero(windows.is_learned)
        """The records that may be masked, those of one window after those of another."""
        self.first = np.cumsum(windows.n_predictions) - windows.n_predictions
        """Where among them each window begins."""
        self.start(1)

    def start(self, epoch: int) -> None:
        """Draw the masks of an epoch from the seed and its number alone."""
        generator = np.random.default_rng([self.seed, epoch, MASKS])
        windows, learned = self.windows, self.learned
        drawn = learned[self.first + generator.integers(windows.n_predictions)]  # (n,) a record of each window
        self.is_masked = np.zeros(len(windows.is_learned), dtype=bool)
        self.is_masked[learned] = generator.random(len(learned)) < self.options.mask_ratio
        self.is_masked[drawn[~np.logical_or.reduceat(self.is_masked[learned], self.first)]] = True
        self.is_last = generator.random(len(windows)) < self.options.last_item_ratio  # (n,)
        self.n_masked = np.where(self.is_last, 1, np.add.reduceat(self.is_masked[learned], self.first, dtype=np.int64))
        user, first = windows.ends.user, self.sequences.starts[windows.ends.user]
        last = np.where(self.is_last, drawn, first + windows.ends.position)  # (n,) the last record of each sample
        self.behind = Samples(user, last - first + 1, self.sequences.items[last])

    def __len__(self) -> int:
        return len(self.windows)

    def predictions(self, rows: Integers) -> int:
        """The masked items of the samples `rows`."""
        return int(self.n_masked[rows].sum())

    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """See `backward_in_groups`."""
        lengths, windows = self.sequences.lengths(self.behind.take(rows), self.n_steps), self.windows
        return backward_in_groups(
            windows.model, lengths, windows.capacity, lambda group: self.batch(rows[group]), n_predictions
        )

    def batch(self, rows: Integers) -> WindowBatch:
        """The samples `rows`, each up to its last masked or last item, and where MASK stands."""
        histories = self.sequences.histories(self.behind.take(rows), self.n_steps)  # of (B, T)
        steps = np.arange(histories.items.shape[1])
        is_end = steps == histories.lengths[:, None] - 1  # (B, T)
        # The first item of a window is another one's to predict, or has no predecessor.
        anywhere = self.is_masked[histories.records] & histories.real & (steps > 0)
        return WindowBatch(histories, histories.items, np.where(self.is_last[rows, None], is_end, anywhere))


def build(task: RecommenderTask[BERT4Rec]) -> BERT4RecNetwork:
    """A new network for the catalogue of the task."""
    return BERT4RecNetwork(task.options.model, task.sequences.n_items, task.options.max_items)


def samples(task: RecommenderTask[BERT4Rec], model: ItemModel) -> Cloze:
    """What the task's network learns from."""
    windows = Windows.from_interactions(model, task.interactions, task.options.max_items)
    return Cloze(windows, task.options.training, task.seed)


def train(task: RecommenderTask[BERT4Rec], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_over_ids`."""
    return train_over_ids(task, checkpoint, identity, build, samples)


def decode(task: RecommenderTask[BERT4Rec], weights: Weights) -> Decoded:
    """See `decode_over_ids`."""
    return decode_over_ids(task, weights, build)
