"""Sequences a second and peak memory of TIGER's training on GPUs: bfloat16 against float32, and k GPUs against one.

It prints a line and ends where there is no GPU. The model has TIGER's size, histories have 20 items. With
`--gpus 4` one batch is shared by four processes, launched as a rule launches them.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from tiger_peer import OPTIONS, training_options

from semtok.recommenders.batching import Batches
from semtok.recommenders.prefixes import Prefixes
from semtok.recommenders.sequences import Samples, Sequences
from semtok.recommenders.t5 import T5
from semtok.recommenders.training import Trainer
from semtok.recommenders.vocabulary import ItemTokens
from semtok.run import devices, distributed
from semtok.run.distributed import launch
from semtok.training import Progress

MAX_ITEMS, N_ITEMS = 20, 12_000
WARMUP_STEPS = 5


def prefixes_of(lengths: np.ndarray) -> Prefixes:
    """A made-up data set with histories of these lengths, and a new model, on this process's device."""
    generator = np.random.default_rng(0)
    catalogue = ItemTokens.from_codes(generator.integers(0, 256, (N_ITEMS, 3)), "suffix")
    starts = np.concatenate([[0], np.cumsum(lengths)])
    users = np.arange(len(lengths))
    batches = Batches(
        Sequences(generator.integers(0, N_ITEMS, starts[-1]), starts), catalogue, MAX_ITEMS, devices.device()
    )
    torch.manual_seed(0)
    model = T5(OPTIONS, catalogue.vocabulary.size).to(batches.device).train()
    return Prefixes(model, batches, Samples(users, lengths, generator.integers(0, N_ITEMS, len(lengths))))


def measure(batch_size: int, steps: int, dtype: str, out: str) -> None:
    """Time `steps` steps; the main process writes what it saw, a JSON file."""
    os.environ["SEMTOK_DTYPE"] = dtype
    options = training_options(batch_size)
    prefixes = prefixes_of(np.full((steps + WARMUP_STEPS) * batch_size, MAX_ITEMS))
    trainer = Trainer(prefixes.model, options, prefixes, None, 0, "unused", "unused")
    order = np.random.default_rng(1).permutation(len(prefixes))
    torch.cuda.reset_peak_memory_stats()
    started, losses = 0.0, []
    for step in range(steps + WARMUP_STEPS):
        if step == WARMUP_STEPS:
            torch.cuda.synchronize()
            started = time.perf_counter()
        trainer.optimizer.zero_grad()
        batch = order[step * batch_size : (step + 1) * batch_size]
        losses.append(trainer.backward(batch, Progress(epoch_step=step)).terms["loss"])
        trainer.optimizer.step()
    torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    if distributed.is_main():
        found = {
            "gpus": distributed.count(),
            "dtype": dtype,
            "batch_size": batch_size,
            "sequences_per_second": round(steps * batch_size / seconds, 1),
            "milliseconds_per_step": round(1000 * seconds / steps, 2),
            "peak_memory_mib": round(torch.cuda.max_memory_allocated() / 2**20, 1),
            "first_loss": float(losses[0]) / batch_size,
            "last_loss": float(losses[-1]) / batch_size,
            "device": torch.cuda.get_device_name(),
            "torch": torch.__version__,
        }
        Path(out).write_text(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few steps: does it run at all?")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--gpus", type=int, nargs="+", default=None, help="how many processes; default: 1 and all")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        print("gpu_training: no GPU here, nothing measured")
        return
    steps = 3 if arguments.quick else arguments.steps
    counts = arguments.gpus or sorted({1, torch.cuda.device_count()})
    # The processes of a launch import this file by its name.
    here = str(Path(__file__).parent)
    sys.path.insert(0, here)
    from gpu_training import measure as named

    with tempfile.TemporaryDirectory() as folder:
        for batch_size in arguments.batch_sizes:
            for gpus in counts:
                for dtype in ("float32", "bfloat16"):
                    out, log = f"{folder}/found.json", f"{folder}/job.log"
                    task = {"batch_size": batch_size, "steps": steps, "dtype": dtype, "out": out}
                    launch(named, task, gpus, torch.get_num_threads(), log)
                    print(Path(out).read_text(), flush=True)


if __name__ == "__main__":
    main()
