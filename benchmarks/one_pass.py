"""Targets a second of training with every target in one pass, against transformers' T5 on one target a sample.

The peer is how GRID, cornac and LETTER train: a sample is a prefix of a user's history and its next item, padded to the
longest of its batch. Both networks have the same blocks and sizes and read as many items before a target at most, but
they are not the same function: our encoder is causal. Histories are as long as those of New York's check-ins, MIND's
clicks and Amazon Beauty's reviews; they are cut, and so many windows make a step, as config/cpu.yaml has it. The peer
has the batch with which it is fastest, of some that are tried. Seconds are the processor's, so that a busy machine
counts less.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import yaml
from tiger_peer import OPTIONS, report, step, training_options, twins
from tiger_training import collated

from semtok.config.over_codes import T5Options
from semtok.recommenders.batching import Batches
from semtok.recommenders.prefixes import EveryTarget
from semtok.recommenders.sequences import Samples, Sequences
from semtok.recommenders.t5 import T5
from semtok.recommenders.training import make_optimizer
from semtok.recommenders.vocabulary import ItemTokens

N_ITEMS = 5_000
CONFIG = yaml.safe_load((Path(__file__).parents[1] / "config" / "cpu.yaml").read_text())


class Histories(NamedTuple):
    recommender: str
    """Of config/cpu.yaml, by which they are read."""
    lengths: list[int]
    """Train interactions of a user at the percentiles 5, 15, ... 95 (counted from the official files and MIND's
    sample)."""
    aim: str
    """How many times as fast as the peer we want to be."""

    @property
    def max_items(self) -> int:
        """Most items before a target."""
        return int(CONFIG["recommenders"][self.recommender]["max_items"])

    @property
    def windows(self) -> int:
        """In a step."""
        return int(CONFIG["recommenders"][self.recommender]["training"]["batch_size"])


DATASETS = {
    "New York": Histories("tiger-checkins", [35, 45, 53, 60, 68, 80, 92, 113, 153, 284], "20"),
    "MIND": Histories("tiger", [13, 15, 17, 19, 22, 26, 30, 37, 49, 66], "-"),
    "Beauty": Histories("tiger-reviews", [3, 3, 3, 4, 4, 5, 6, 7, 10, 19], "6"),
}
SMALL = {"n_layers": 1, "d_ff": 512, "n_heads": 4, "d_kv": 32, "dropout": 0.0}
"""The network of config/cpu.yaml, against the published one."""


def samples(max_items: int, lengths: list[int]) -> tuple[Batches, Samples]:
    """Made-up histories of these lengths over a made-up catalogue, and every item with a predecessor as a target."""
    generator = np.random.default_rng(0)
    catalogue = ItemTokens.from_codes(generator.integers(0, 64, (N_ITEMS, 3)), "suffix")
    starts = np.concatenate([[0], np.cumsum(lengths * 8)])
    sequences = Sequences(generator.integers(0, N_ITEMS, starts[-1]), starts)
    user = np.repeat(np.arange(len(starts) - 1), np.diff(starts) - 1)
    position = np.concatenate([np.arange(1, length) for length in np.diff(starts)])
    targets = Samples(user, position, sequences.items[starts[user] + position])
    return Batches(sequences, catalogue, max_items, torch.device("cpu")), targets


def one_pass(batches: Batches, targets: Samples, options: T5Options) -> EveryTarget:
    """Windows of the targets, and our model to learn them."""
    model = T5(options.model_copy(update={"encoder": "causal"}), batches.vocabulary.size)
    return EveryTarget(model, batches, targets, seed=0)


def drawn(windows: EveryTarget, count: int, seed: int) -> np.ndarray:
    """So many of the windows at random, of those that have a target (a user's first may have none)."""
    filled = np.flatnonzero(np.diff(windows.first_target))
    return np.random.default_rng(seed).permutation(filled)[:count]


def measure(
    histories: Histories, n_windows: int, small: bool, repeats: int, batches_to_try: list[int]
) -> dict[str, object]:
    """Both speeds, and their ratio within each repeat; every repeat has other histories of the same lengths."""
    batches, targets = samples(histories.max_items, histories.lengths)
    options = OPTIONS.model_copy(update=SMALL if small else {})
    theirs, _ = twins(batches.vocabulary.size, options)
    windows = one_pass(batches, targets, options)
    our_optimizer = make_optimizer(windows.model, training_options(n_windows))
    their_optimizer = torch.optim.AdamW(theirs.parameters(), lr=1e-3, weight_decay=0.01, fused=True)

    def our_step(repeat: int) -> int:
        rows = drawn(windows, n_windows, repeat + 1)
        step(windows, our_optimizer, rows)
        return windows.predictions(rows)

    def their_step(repeat: int, n_samples: int) -> int:
        chosen = targets.take(np.random.default_rng(repeat + 1).permutation(len(targets))[:n_samples])
        their_optimizer.zero_grad(set_to_none=True)
        theirs(**collated(batches, chosen, None)).loss.backward()
        their_optimizer.step()
        return len(chosen)

    tried = {
        size: max(speed(partial(their_step, n_samples=size), repeat) for repeat in (-1, 0, 1))
        for size in batches_to_try
    }
    best = max(tried, key=lambda size: tried[size])
    their_best_step = partial(their_step, n_samples=best)
    speeds = np.array([[speed(our_step, repeat), speed(their_best_step, repeat)] for repeat in range(-1, repeats)])[1:]
    low, ratio, high = np.percentile(speeds[:, 0] / speeds[:, 1], [25, 50, 75])
    our_speed, their_speed = np.median(speeds, axis=0)
    return {
        "peer": f"transformers' T5, one target a sample, {best} a batch",
        "tried": {size: round(found, 1) for size, found in tried.items()},
        "unit": "targets/s",
        "ours": round(float(our_speed), 1),
        "theirs": round(float(their_speed), 1),
        "ratio": round(float(ratio), 2),
        "ratio_iqr": [round(float(low), 2), round(float(high), 2)],
        "repeats": repeats,
    }


def speed(run: Callable[[int], int], repeat: int) -> float:
    """Targets a second of a step; repeat -1 warms up."""
    started = time.process_time()
    n_targets = run(repeat)
    return n_targets / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small batches, few repeats: does it run at all?")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--samples", type=int, nargs="+", default=[32, 64, 128], help="of the peer in a step, to try")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    repeats, to_try = (2, [4, 8]) if arguments.quick else (arguments.repeats, arguments.samples)
    for name, histories in DATASETS.items():
        n_windows = 2 if arguments.quick else histories.windows
        for small in (True, False):
            size = "small" if small else "published"
            facts = {"windows": n_windows, "dtype": "float32", "size": size}
            row = measure(histories, n_windows, small, repeats, to_try)
            read = f"at most {histories.max_items} items, {n_windows} windows a step"
            report(f"one pass, lengths of {name}, {read}, {size} network", facts, [row], histories.aim)


if __name__ == "__main__":
    main()
