"""STGN and its coupled form STGCN (Zhao et al., AAAI 2019), with the cross-entropy over the whole catalogue.

An LSTM over check-ins with two more pairs of gates, open by the time and the distance since the check-in before. The
first pair decides what of a check-in is told at once (`near`), the second what is carried on (`far`). The first paper
trains by BPR, with one negative a target.

Shapes: B histories of T check-ins, d the width of items, h the width of the cell.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semtok.config.over_ids import STGN, SpatioTemporalGates
from semtok.recommenders.check_ins import CheckIns
from semtok.recommenders.item_ids import decode_over_ids, train_over_ids
from semtok.recommenders.item_model import CausalModel
from semtok.recommenders.sequences import Histories
from semtok.recommenders.task import Decoded, RecommenderTask, Trained, Weights


def separate(cell: Tensor, candidate: Tensor, enter: Tensor, keep: Tensor, near: Tensor, far: Tensor) -> list[Tensor]:
    """The cell to be told and the cell to be carried on, of a forget gate of its own.

    chat = f c + i T1 D1 c~ and c' = f c + i T2 D2 c~, with f `keep`, i `enter`, c~ `candidate`.
    """
    return [keep * cell + enter * near * candidate, keep * cell + enter * far * candidate]


def coupled(cell: Tensor, candidate: Tensor, enter: Tensor, near: Tensor, far: Tensor) -> list[Tensor]:
    """Likewise, where what enters takes the place of what is forgotten (STGCN).

    chat = (1 - i T1 D1) c + i T1 D1 c~ and c' = (1 - i) c + i T2 D2 c~.
    """
    return [(1 - enter * near) * cell + enter * near * candidate, (1 - enter) * cell + enter * far * candidate]


class IntervalGates(nn.Module):
    """The two gates of one kind of interval: sigma(W x + sigma(w interval) + b), where the first w is never positive,
    so that its gate closes as the interval grows."""

    def __init__(self, options: SpatioTemporalGates) -> None:
        super().__init__()
        self.items = nn.Linear(options.item_dim, 2 * options.hidden_dim)
        self.first, self.second = (nn.Parameter(torch.zeros(options.hidden_dim)) for _ in range(2))

    def forward(self, items: Tensor, interval: Tensor) -> tuple[Tensor, Tensor]:
        """Item vectors [B, T, d] and intervals [B, T, 1] to two of [B, T, h]."""
        near, far = self.items(items).chunk(2, dim=-1)
        return (
            torch.sigmoid(near + torch.sigmoid(-F.softplus(self.first) * interval)),
            torch.sigmoid(far + torch.sigmoid(self.second * interval)),
        )


class STGNNetwork(CausalModel):
    """Check-ins to states h_t; the scores of all items after step t are linear in h_t."""

    def __init__(self, options: SpatioTemporalGates, check_ins: CheckIns, n_items: int) -> None:
        super().__init__()
        self.check_ins, self.coupled = check_ins, options.coupled
        width, n_gates = options.hidden_dim, 3 if options.coupled else 4
        self.item = nn.Embedding(n_items, options.item_dim)
        self.from_items = nn.Linear(options.item_dim, n_gates * width)
        self.from_state = nn.Linear(width, n_gates * width, bias=False)
        self.time, self.distance = IntervalGates(options), IntervalGates(options)
        self.output_time, self.output_distance = (nn.Parameter(torch.zeros(width)) for _ in range(2))
        self.output = nn.Linear(width, n_items)
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, items: Tensor, hours: Tensor, km: Tensor) -> Tensor:
        """The state after each check-in: [B, T] ids, hours and km since the check-in before, to [B, T, h]."""
        hours, km = torch.log1p(hours).unsqueeze(-1), torch.log1p(km).unsqueeze(-1)  # (B, T, 1)
        vectors = self.dropout(self.item(items))  # (B, T, d)
        time_near, time_far = self.time(vectors, hours)  # (B, T, h)
        distance_near, distance_far = self.distance(vectors, km)  # (B, T, h)
        near, far = (time_near * distance_near).unbind(1), (time_far * distance_far).unbind(1)
        interval = (self.output_time * hours + self.output_distance * km).unbind(1)  # T of (B, h)
        state = cell = vectors.new_zeros(len(items), self.output_time.shape[0])  # (B, h)
        states = []
        for step, given in enumerate(self.from_items(vectors).unbind(1)):
            enter, candidate, tell, *keep = (given + self.from_state(state)).chunk(4 - self.coupled, dim=-1)
            enter, candidate = torch.sigmoid(enter), torch.tanh(candidate)
            if self.coupled:
                told, cell = coupled(cell, candidate, enter, near[step], far[step])
            else:
                told, cell = separate(cell, candidate, enter, torch.sigmoid(keep[0]), near[step], far[step])
            state = torch.sigmoid(tell + interval[step]) * torch.tanh(told)
            states.append(state)
        return torch.stack(states, dim=1)

    def states(self, histories: Histories) -> Tensor:
        """The state after each step: [B, T, h]."""
        intervals = self.check_ins.hours_since_previous(histories), self.check_ins.km_since_previous(histories)
        states: Tensor = self(self.tensor(histories.items), *map(self.tensor, intervals))
        return states

    def scores_after(self, states: Tensor) -> Tensor:
        """Of every item of the catalogue: [N, h] to [N, n_items]."""
        scores: Tensor = self.output(self.dropout(states))
        return scores


def build(task: RecommenderTask[STGN]) -> STGNNetwork:
    """A new network for the catalogue of the task."""
    return STGNNetwork(task.options.model, CheckIns.from_task(task), task.sequences.n_items)


def train(task: RecommenderTask[STGN], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_over_ids`."""
    return train_over_ids(task, checkpoint, identity, build)


def decode(task: RecommenderTask[STGN], weights: Weights) -> Decoded:
    """See `decode_over_ids`."""
    return decode_over_ids(task, weights, build)
