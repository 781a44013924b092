"""STAN (Luo et al., WWW 2021): attention between check-ins that are not neighbours.

A first layer of attention relates the check-ins of a history, a second one a candidate to each of them. Both are biased
by intervals: distance and time are each interpolated between a learned vector for their lower bound and one for their
upper, and the sum over the vector's dimensions is the bias. That sum is linear, so that only it is computed; the public
code keeps a vector for every pair.

The public code masks behind the softmax, so that padding takes a share; here the mask is part of the logits. Its first
layer lets every check-in of a history see all others of it. So does this one, for all targets of a window in one pass:
logits are the same for each, and only the masks differ. Products of two check-ins are divided by sqrt(d), and the bias
beside them is not: the paper divides both, the public code neither.

Shapes: B histories of T check-ins, N targets, C candidates, d the width of the vectors.
"""

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from semtok.config.over_ids import STAN, IntervalAttention
from semtok.recommenders.check_ins import HOURS_OF_A_WEEK, CheckIns, distances_km
from semtok.recommenders.item_ids import decode_over_ids, train_over_ids
from semtok.recommenders.item_model import ItemModel, WindowBatch
from semtok.recommenders.sequences import Histories, Integers
from semtok.recommenders.task import Decoded, RecommenderTask, Trained, Weights

MOST_PAIRS = 2**20
"""How many pairs of a candidate and a check-in to hold at once while ranking."""
STEPS_AT_ONCE = 25
"""Steps of a window that are trained on together."""


class Intervals(nn.Module):
    """The bias of a pair of check-ins by their distance and time, each interpolated between 0 and an upper bound."""

    def __init__(self, dim: int, largest_km: float, largest_hours: float) -> None:
        super().__init__()
        self.lower, self.upper = (nn.Parameter(torch.randn(2, dim) / math.sqrt(dim)) for _ in range(2))
        # Saved with the weights that they belong to. With one place or moment every interval is a lower bound.
        self.register_buffer("bounds", torch.tensor([largest_km or 1.0, largest_hours or 1.0]))

    def forward(self, km: Tensor, hours: Tensor) -> Tensor:
        """Of two shapes that broadcast; intervals beyond the upper bound are extrapolated."""
        lower, upper = self.lower.sum(dim=1), self.upper.sum(dim=1)  # (2,) each: distance, time
        slope = (upper - lower) / self.get_buffer("bounds")
        bias: Tensor = lower.sum() + slope[0] * km + slope[1] * hours
        return bias


class STANNetwork(ItemModel):
    """Histories to scores of candidates."""

    def __init__(self, options: STAN, check_ins: CheckIns, n_items: int) -> None:
        super().__init__()
        size: IntervalAttention = options.model
        dim = size.hidden_dim
        self.check_ins, self.now, self.n_negatives = check_ins, size.now, options.negatives
        self.user = nn.Embedding(int(check_ins.user.max()) + 1, dim)
        self.item = nn.Embedding(n_items, dim)
        self.hour = nn.Embedding(HOURS_OF_A_WEEK, dim)
        self.query, self.key, self.value = (nn.Linear(dim, dim, bias=False) for _ in range(3))
        self.among = Intervals(dim, *check_ins.largest_intervals(options.max_items))
        self.recency = nn.Parameter(torch.randn(options.max_items) / math.sqrt(options.max_items))
        self.dropout = nn.Dropout(size.dropout)
        for table in (self.user, self.item, self.hour):
            nn.init.normal_(table.weight, std=dim**-0.5)
        self.register_buffer("positions", torch.from_numpy(check_ins.positions_km), persistent=False)

    def relations(self, histories: Histories) -> tuple[Tensor, Tensor]:
        """The logits of the first layer [B, T, T], without any mask, and its values [B, T, d]."""
        items = self.tensor(histories.items)
        users = self.tensor(self.check_ins.user[histories.records])
        hours_of_the_week = self.tensor(self.check_ins.hours_of_the_week(histories))
        joint = self.dropout(self.user(users) + self.item(items) + self.hour(hours_of_the_week))  # (B, T, d)
        places, hours = self.get_buffer("positions")[items], self.tensor(self.check_ins.hours(histories))
        bias = self.among(distances_km(places, places), (hours.unsqueeze(2) - hours.unsqueeze(1)).abs())
        logits = self.query(joint) @ self.key(joint).transpose(1, 2) / math.sqrt(joint.shape[2])
        return logits + bias, self.value(joint)

    def attend(self, logits: Tensor, values: Tensor, steps: Tensor) -> Tensor:
        """What the first layer makes of each history at each of S steps of it, from what came up to that step.

        Args:
            logits, values: of `relations`.
            steps: [B, S], or [1, S] for the same of all histories.

        Returns:
            [B, S, T, d], of which the places behind a step count for nothing.
        """
        later = torch.arange(logits.shape[2], device=self.device) > steps.unsqueeze(2)  # (B or 1, S, T)
        shares = logits.unsqueeze(1).masked_fill(later.unsqueeze(2), -torch.inf).softmax(dim=3)  # (B, S, T, T)
        return (shares.flatten(1, 2) @ values).view(*shares.shape[:3], values.shape[2])

    def match(self, attended: Tensor, km: Tensor, hours: Tensor, steps: Tensor, candidates: Tensor) -> Tensor:
        """The second layer: the score of each of C candidates at each of S steps, [B, S, C].

        score_k = sum over i of w_i (e_k . S_i) bias_ki, where w has a weight for each place in the order of time,
        counted from the last.

        Args:
            attended: of the first layer, [B, S, T, d].
            km: from each candidate to each check-in, [B, S, C, T].
            hours: from each check-in to now, [B, S, T].
            steps: the last check-in of each history, [B, S] or [1, S].
            candidates: their vectors, [B, S, C, d] or [C, d].
        """
        age = steps.unsqueeze(2) - torch.arange(attended.shape[2], device=self.device)  # (B or 1, S, T)
        weight = self.recency[age.clamp(min=0)] * (age >= 0)  # (B or 1, S, T)
        affinity = candidates @ (attended * weight.unsqueeze(3)).transpose(2, 3)  # (B, S, C, T)
        scores: Tensor = (affinity * self.among(km, hours.unsqueeze(2))).sum(dim=3)
        return scores

    def hours_to_now(self, histories: Histories, steps: Integers) -> Tensor:
        """From each check-in to the moment at which what follows `steps` [B, S] is asked for: [B, S, T]."""
        last = np.take_along_axis(histories.records, steps, axis=1)  # (B, S)
        now = last
        if self.now == "target":
            # A target that is no interaction itself is asked for right after the last one.
            following = (last + 1).clip(max=len(self.check_ins.user) - 1)
            now = last + (self.check_ins.user[following] == self.check_ins.user[last])
        then = self.check_ins.timestamp[histories.records]  # (B, T)
        return self.tensor(((self.check_ins.timestamp[now][:, :, None] - then[:, None]) / 3600).astype("float32"))

    def loss(self, windows: WindowBatch) -> Tensor:
        """The summed cross-entropy [] of the items to predict, each among as many random others as `negatives`."""
        positions, n_items = self.get_buffer("positions"), self.item.num_embeddings
        targets = self.tensor(windows.following).unsqueeze(2)  # (B, T, 1)
        drawn = torch.randint(n_items - 1, (*targets.shape[:2], self.n_negatives), device=self.device)
        candidates = torch.cat([targets, drawn + (drawn >= targets)], dim=2)  # (B, T, C), the target first and once
        is_learned = self.tensor(windows.is_learned)  # (B, T)
        places = positions[self.tensor(windows.histories.items)]  # (B, T, 3)
        logits, values = self.relations(windows.histories)
        total = logits.new_zeros(())
        # Early steps need no later places.
        for steps in torch.split(torch.arange(logits.shape[1], device=self.device), STEPS_AT_ONCE):
            end = int(steps[-1]) + 1
            some = candidates[:, steps]  # (B, S, C)
            km = distances_km(positions[some].flatten(1, 2), places[:, :end]).view(*some.shape, end)
            hours = self.hours_to_now(windows.histories, np.tile(steps.cpu().numpy(), (len(some), 1)))[:, :, :end]
            attended = self.attend(logits[:, :end, :end], values[:, :end], steps.unsqueeze(0))
            scores = self.match(attended, km, hours, steps.unsqueeze(0), self.item(some))  # (B, S, C)
            scores = scores[is_learned[:, steps]].float()  # (N, C)
            total = total + (scores.logsumexp(dim=1) - scores[:, 0]).sum()
        return total

    def scores(self, histories: Histories) -> Tensor:
        """Of every item to come next: [B, n_items]."""
        positions, catalogue = self.get_buffer("positions"), self.item.weight
        steps = histories.lengths[:, None] - 1  # (B, 1)
        last, hours = self.tensor(steps), self.hours_to_now(histories, steps)
        attended = self.attend(*self.relations(histories), last)  # (B, 1, T, d)
        places = positions[self.tensor(histories.items)]  # (B, T, 3)
        size = max(1, MOST_PAIRS // (len(positions) * len(places[0])))
        found = [
            self.match(attended[b], distances_km(positions, places[b]).unsqueeze(1), hours[b], last[b], catalogue)
            for b in torch.split(torch.arange(len(places), device=self.device), size)
        ]
        return torch.cat(found).squeeze(1)


def build(task: RecommenderTask[STAN]) -> STANNetwork:
    """A new network for the users and the catalogue of the task."""
    return STANNetwork(task.options, CheckIns.from_task(task), task.sequences.n_items)


def train(task: RecommenderTask[STAN], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_over_ids`."""
    return train_over_ids(task, checkpoint, identity, build)


def decode(task: RecommenderTask[STAN], weights: Weights) -> Decoded:
    """See `decode_over_ids`."""
    return decode_over_ids(task, weights, build)
