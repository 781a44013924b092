"""Targets a second of training with every target in one pass, against transformers' T5 on one target a sample.

The peer is how GRID, cornac and LETTER train: a sample is a prefix of a user's history and its next item, padded to the
longest of its batch. Both networks have the same blocks and sizes and read as many items before a target at most, but
they are not the same function: our encoder is causal. Histories are as long as those of New York's check-ins, MIND's
clicks and Amazon Beauty's reviews. Seconds are the processor's, so that a busy machine counts less.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
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
DATASETS = {
    # Most items before a target, and train interactions of a user at the percentiles 5, 15, ... 95 (counted from the
    # official files and MIND's sample).
    "New York": (64, [35, 45, 53, 60, 68, 80, 92, 113, 153, 284]),
    "MIND": (50, [13, 15, 17, 19, 22, 26, 30, 37, 49, 66]),
    "Beauty": (20, [3, 3, 3, 4, 4, 5, 6, 7, 10, 19]),
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


def measure(max_items: int, lengths: list[int], small: bool, repeats: int, n_samples: int) -> dict[str, object]:
    """Both speeds, and their ratio within each repeat; every repeat has other histories of the same lengths."""
    batches, targets = samples(max_items, lengths)
    options = OPTIONS.model_copy(update=SMALL if small else {})
    theirs, _ = twins(batches.vocabulary.size, options)
    windows = one_pass(batches, targets, options)
    our_optimizer = make_optimizer(windows.model, training_options(n_samples))
    their_optimizer = torch.optim.AdamW(theirs.parameters(), lr=1e-3, weight_decay=0.01, fused=True)

    def our_step(repeat: int) -> int:
        rows = np.random.default_rng(repeat + 1).permutation(len(windows))[: n_samples // 4]
        step(windows, our_optimizer, rows)
        return windows.predictions(rows)

    def their_step(repeat: int) -> int:
        chosen = targets.take(np.random.default_rng(repeat + 1).permutation(len(targets))[:n_samples])
        their_optimizer.zero_grad(set_to_none=True)
        theirs(**collated(batches, chosen, None)).loss.backward()
        their_optimizer.step()
        return n_samples

    speeds = np.array([[speed(our_step, repeat), speed(their_step, repeat)] for repeat in range(-1, repeats)])[1:]
    low, ratio, high = np.percentile(speeds[:, 0] / speeds[:, 1], [25, 50, 75])
    our_speed, their_speed = np.median(speeds, axis=0)
    return {
        "peer": "transformers' T5, one target a sample",
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
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--samples", type=int, default=64, help="of the peer in a step; a quarter as many windows")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    repeats, n_samples = (2, 8) if arguments.quick else (arguments.repeats, arguments.samples)
    for name, (max_items, lengths) in DATASETS.items():
        for small in (True, False):
            size = "small" if small else "published"
            facts = {"windows": n_samples // 4, "samples": n_samples, "dtype": "float32", "size": size}
            row = measure(max_items, lengths, small, repeats, n_samples)
            report(f"one pass, {name}, at most {max_items} items, {size} network", facts, [row])


if __name__ == "__main__":
    main()
