"""What is learned by every target in one pass, against prefixes one by one: the same targets with the same histories.

Of a results folder with a dataset and a tokenizer's codes, as after `make demo`; without one it prints a line and ends.
In both trainings the windows of an epoch are cut alike, every target sees the items of its window before it, and there
are as many steps; what differs is that prefixes are encoded once each, and come in an order of their own where a pass
has a user's targets together.
Quality is Recall@10 on the same test targets by the same beam search, cost the processor seconds of the training.
(Losses do not compare: that of prefixes has the end of the tuple in its mean.)
"""

import argparse
import copy
import json
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from one_pass import SMALL
from tiger_peer import OPTIONS

from semtok.config.over_codes import TIGER, DecodingOptions, TIGERTrainingOptions
from semtok.recommenders.batching import Batches
from semtok.recommenders.item_codes import decode_over_codes, train_over_codes
from semtok.recommenders.prefixes import EveryTarget, Prefixes
from semtok.recommenders.sequences import Integers, Samples, Sequences, train_samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.task import RecommenderTask
from semtok.recommenders.tiger import build
from semtok.recommenders.training import TrainingSamples


@dataclass
class PrefixesOfWindows(TrainingSamples):
    """The targets of `windows` one by one, each with the history that it has there."""

    windows: EveryTarget
    prefixes: Prefixes = field(init=False)

    def __post_init__(self) -> None:
        self.start(0)

    def start(self, epoch: int) -> None:
        """Cut the windows of the epoch, and take each for a user of its own."""
        self.windows.start(epoch)
        batches, targets, first = self.windows.batches, self.windows.targets, self.windows.first_target
        window = np.repeat(np.arange(len(first) - 1), np.diff(first))  # of each target
        is_used, window = np.unique(window, return_inverse=True)
        last = first[is_used + 1] - 1
        begins = np.maximum(targets.position[last] - batches.max_items, 0)  # of each window, in its user's sequence
        lengths = targets.position[last] - begins
        records = [
            np.arange(start, start + length)
            for start, length in zip(batches.sequences.starts[targets.user[last]] + begins, lengths, strict=True)
        ]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        cut = copy.copy(batches)
        cut.sequences = Sequences(batches.sequences.items[np.concatenate(records)], starts)
        samples = Samples(window, targets.position - begins[window], targets.item)
        self.prefixes = Prefixes(self.windows.model, cut, samples)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.windows.targets)

    def predictions(self, rows: Integers) -> int:
        return len(rows)

    def backward(self, rows: Integers, n_predictions: int) -> torch.Tensor:
        return self.prefixes.backward(rows, n_predictions)


def one_by_one(model: T5, batches: Batches, samples: Samples, seed: int) -> PrefixesOfWindows:
    """What `train_over_codes` learns from, for prefixes."""
    return PrefixesOfWindows(EveryTarget(model, batches, samples, seed))


def options(max_items: int, epochs: int, batch_size: int) -> TIGER:
    """The network of config/cpu.yaml."""
    model = OPTIONS.model_copy(update={**SMALL, "encoder": "causal"})
    training = TIGERTrainingOptions(
        targets="every",
        optimizer="adafactor",
        learning_rate=0.03,
        weight_decay=0.0,
        warmup=0.02,
        schedule="cosine",
        batch_size=batch_size,
        epochs=epochs,
        samples_per_epoch=None,
        validation_every=epochs,
        validation_users=200,
        validation_beam_size=10,
        patience=0,
    )
    decoding = DecodingOptions(beam_size=20, constraint="trie", renormalize=False, batch_size=64, certify_users=0)
    return TIGER(
        method="tiger",
        max_items=max_items,
        user_tokens=0,
        collisions="suffix",
        model=model,
        training=training,
        decoding=decoding,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results/demo"))
    parser.add_argument("--dataset", default="nyc")
    parser.add_argument("--tokenizer", default="simcit")
    parser.add_argument("--items", type=int, default=8, help="of a window at most")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--windows", type=int, default=16, help="in a step")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--targets", type=int, default=3000, help="of the test targets")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = arguments.results / "data" / arguments.dataset
    codes_path = arguments.results / "tokenizers" / arguments.dataset / arguments.tokenizer / "0" / "raw_codes.npy"
    if lacking := [path for path in (data / "targets.parquet", codes_path) if not path.is_file()]:
        print(f"no {lacking[0]}: nothing measured; `make demo` makes it, or --results names another folder")
        return
    interactions, targets = (pd.read_parquet(data / f"{name}.parquet") for name in ("interactions", "targets"))
    test = targets[targets["split"] == "test"]
    test = test.iloc[np.sort(np.random.default_rng(0).permutation(len(test))[: arguments.targets])]
    codes = np.load(codes_path, allow_pickle=False)
    for seed in range(arguments.seeds):
        in_step = arguments.windows
        for name, learn in (("every target in one pass", EveryTarget), ("prefixes one by one", one_by_one)):
            chosen = options(arguments.items, arguments.epochs, in_step)
            with tempfile.TemporaryDirectory() as folder:
                started = time.process_time()
                task = RecommenderTask(chosen, interactions, targets, seed, codes)
                weights, history = train_over_codes(
                    task, Path(folder) / "checkpoint", "benchmark", build, partial(learn, seed=seed)
                )
                took = time.process_time() - started
            ranks = decode_over_codes(RecommenderTask(chosen, interactions, test, seed, codes), weights, build)[0][
                "rank"
            ]
            hits = (ranks <= 10).fillna(False).to_numpy(bool)
            steps = int(history["steps"].iloc[-1])
            found = {
                "dataset": arguments.dataset,
                "tokenizer": arguments.tokenizer,
                "items of a window": arguments.items,
                "epochs": arguments.epochs,
                "seed": seed,
                "training": name,
                "recall@10": round(float(hits.mean()), 4),
                "standard error": round(float(hits.std() / len(hits) ** 0.5), 4),
                "training loss": round(float(history["loss"].iloc[-1]), 3),
                "steps": steps,
                "processor seconds": round(took),
            }
            print(json.dumps(found), flush=True)
            # As many steps for the prefixes as the passes had, which come first.
            in_step = -(-len(train_samples(interactions)) * arguments.epochs // steps)


if __name__ == "__main__":
    main()
