"""SASRec (Kang & McAuley, ICDM 2018) with the cross-entropy over the whole catalogue (methods.md 5.1).

After every step of a user's train part the network scores all items, `h_t . e_i`; the loss is the cross-entropy of the
item that came next. (The first SASRec drew one negative item a step, which is markedly weaker.)
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from semtok.config.recommenders import SASRec
from semtok.recommenders.grouping import CAPACITIES, Capacity, groups_by_length
from semtok.recommenders.sasrec_model import SASRecNetwork
from semtok.recommenders.sasrec_ranking import rank_catalogue
from semtok.recommenders.sequences import Integers, Samples, Sequences, target_samples, train_samples
from semtok.recommenders.training import Trainer, Validation, recall_and_ndcg
from semtok.run import devices

VALIDATION_K = 10
VALIDATION_BATCH_SIZE = 256
VALIDATION_SAMPLE_SEED = 0
"""The same validation targets for every seed, so that their checkpoints are chosen alike."""

MOST_SCORES = {"cpu": 2**24, "cuda": 2**28}
"""How many scores to hold at once; their gradient takes as much again."""


def train(
    options: SASRec,
    codes: None,
    interactions: pd.DataFrame,
    targets: pd.DataFrame,
    seed: int,
    checkpoint_path: str | Path,
    identity: str,
) -> tuple[dict[str, Tensor], pd.DataFrame]:
    """Train on the `train` records; return the weights of the best validation NDCG@10 and a history, one row per epoch.

    There are no `codes`: items go by their ids. Of `targets` only the `valid` rows are read, to choose the checkpoint;
    without any, the last weights are returned. A checkpoint of the same `identity` is continued, to the very weights
    (CPU, float32) of a run without interruption; the caller removes it when all is written. The history has no times
    in it: equal runs give equal histories.
    """
    device = devices.device()
    torch.manual_seed(seed)
    sequences = Sequences.from_interactions(interactions)
    model = SASRecNetwork(options.model, sequences.n_items, options.max_items).to(device)
    windows = Windows.from_interactions(model, interactions, options.max_items)
    validation = _validation(options, model, sequences, target_samples(targets, "valid", sequences))
    return Trainer(model, options.training, windows, validation, seed, checkpoint_path, identity).run()


@dataclass(frozen=True)
class Windows:
    """What SASRec learns from: the users' train parts, cut into windows of `max_items` steps.

    A window ends where the next one begins, the last one at the end of the train part: every train record with a
    predecessor is predicted once an epoch, however long its user is.
    """

    model: SASRecNetwork
    sequences: Sequences
    ends: Samples
    """The last prediction of each window; its inputs are the `max_items` items before."""
    is_learned: npt.NDArray[np.bool_]
    """[n_interactions], whether a record is predicted."""
    n_predictions: Integers
    """Of each window [n]."""
    max_items: int
    capacity: Capacity

    @classmethod
    def from_interactions(cls, model: SASRecNetwork, interactions: pd.DataFrame, max_items: int) -> "Windows":
        """Windows over the train records of interactions.parquet."""
        sequences, samples = Sequences.from_interactions(interactions), train_samples(interactions)
        is_learned = np.zeros(len(sequences.items), dtype=bool)
        is_learned[sequences.starts[samples.user] + samples.position] = True
        is_last = np.append(np.diff(samples.user) > 0, True)
        last_position = samples.position[is_last][np.cumsum(is_last) - is_last]
        window = (last_position - samples.position) // max_items
        rows = np.flatnonzero(is_last | np.append(np.diff(window) < 0, True))
        device = model.item.weight.device.type
        usual, most_scores = CAPACITIES.get(device, CAPACITIES["cpu"]), MOST_SCORES.get(device, MOST_SCORES["cpu"])
        capacity = Capacity(min(usual.most, most_scores // sequences.n_items), usual.pass_cost)
        return cls(model, sequences, samples.take(rows), is_learned, np.diff(rows, prepend=-1), max_items, capacity)

    def __len__(self) -> int:
        return len(self.ends)

    def predictions(self, rows: Integers) -> int:
        """The train records with a predecessor that lie in the windows `rows`."""
        return int(self.n_predictions[rows].sum())

    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """Add the gradient of the summed losses of `rows` / `n_predictions`; returns the sum of the losses [].

        The windows go through the network in groups of similar length, whose gradients add up.
        """
        device = self.model.item.weight.device
        dtype = devices.compute_dtype(device)
        windows = self.ends.take(rows)
        total = torch.zeros((), device=device)
        for group in groups_by_length(self.sequences.lengths(windows, self.max_items), 0, self.capacity):
            items, following, is_learned = (
                torch.from_numpy(part).to(device) for part in self.inputs_and_targets(windows.take(group))
            )
            with devices.autocast(device, dtype):
                scores = self.model.scores(self.model(items)[is_learned])
            loss = F.cross_entropy(scores.float(), following[is_learned], reduction="sum")
            torch.autograd.backward(loss / n_predictions)
            total += loss.detach()
        return total

    def inputs_and_targets(self, windows: Samples) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
        """Items, the item that follows each, and whether that one is to be predicted: three of [B, T]."""
        items, real = self.sequences.histories(windows, self.max_items)
        lengths = self.sequences.lengths(windows, self.max_items)
        first = self.sequences.starts[windows.user] + windows.position - lengths
        following = np.where(real, first[:, None] + np.arange(items.shape[1]) + 1, 0)
        return items, self.sequences.items[following], real & self.is_learned[following]


def _validation(options: SASRec, model: SASRecNetwork, sequences: Sequences, samples: Samples) -> Validation | None:
    """Recall@10 and NDCG@10 by full ranking of a fixed sample of the validation targets."""
    if not len(samples):
        return None
    generator = np.random.default_rng(VALIDATION_SAMPLE_SEED)
    sample = samples.take(np.sort(generator.permutation(len(samples))[: options.training.validation_users]))

    def measure() -> tuple[float, float]:
        ranked = rank_catalogue(model, sequences, sample, options.max_items, VALIDATION_BATCH_SIZE, VALIDATION_K)
        return recall_and_ndcg(ranked.rank, VALIDATION_K)

    return Validation(measure, "ndcg@10")
