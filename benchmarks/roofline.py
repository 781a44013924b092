"""What bounds a training step with every target in one pass: its FLOP and bytes against this processor's ceilings.

FLOP are those of matrix products, counted by torch. Bytes are those of all tensors that an operation other than a view
reads and writes: more than what reaches the memory, since some stay in the caches. The ceilings are measured in the
same run: products of square matrices, products of the shape of a step's commonest map, and copies of an array larger
than the caches. All on one thread, in processor seconds.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from one_pass import DATASETS, SMALL, drawn, one_pass, samples
from tiger_peer import OPTIONS, step, training_options
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from semtok.recommenders.training import make_optimizer

PRODUCTS = ("aten::mm", "aten::bmm", "aten::addmm", "aten::baddbmm")


class Bytes(TorchDispatchMode):
    """Adds up the bytes that operations read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if not func.is_view:
            tensors = [leaf for leaf in tree_leaves((args, kwargs, out)) if isinstance(leaf, torch.Tensor)]
            self.total += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        return out


def seconds(run: Callable[[], Any], least: float = 1.0) -> float:
    """Processor seconds of one call, from as many as take `least` seconds."""
    run()
    started, calls = time.process_time(), 0
    while time.process_time() - started < least:
        run()
        calls += 1
    return (time.process_time() - started) / calls


def products(rows: int, inner: int, columns: int) -> float:
    """GFLOP/s of matrix products of this shape."""
    a, b = torch.randn(rows, inner), torch.randn(inner, columns)
    return 2e-9 * rows * inner * columns / seconds(lambda: a @ b)


def copies() -> float:
    """GB/s read and written by copying 256 MB."""
    a = torch.randn(64_000_000)
    b = torch.empty_like(a)
    return 2e-9 * a.numel() * 4 / seconds(lambda: b.copy_(a))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few windows, short times: does it run at all?")
    parser.add_argument("--steps", type=int, default=10)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    least = 0.1 if arguments.quick else 5.0
    ceiling, copying = products(4096, 128, 512), copies()
    ceilings = {
        "GFLOP/s, 1024 x 1024 x 1024": round(products(1024, 1024, 1024), 1),
        "GFLOP/s, 4096 x 128 x 512": round(ceiling, 1),
        "GB/s of copies": round(copying, 1),
    }
    print(json.dumps(ceilings))
    for name, histories in DATASETS.items():
        n_windows = 2 if arguments.quick else histories.windows
        windows = one_pass(*samples(histories.max_items, histories.lengths), OPTIONS.model_copy(update=SMALL))
        optimizer = make_optimizer(windows.model, training_options(n_windows))
        rows = drawn(windows, n_windows, 0)

        def run(windows: Any = windows, optimizer: Any = optimizer, rows: Any = rows) -> None:
            step(windows, optimizer, rows)

        run()
        with FlopCounterMode(display=False) as flop:
            run()
        with Bytes() as moved:
            run()
        took = seconds(run, least)
        with profile(activities=[ProfilerActivity.CPU]) as profiled:
            for _ in range(arguments.steps):
                run()
        operations = profiled.key_averages()
        own = {operation.key: operation.self_cpu_time_total for operation in operations}
        share = sum(own.get(name, 0) for name in PRODUCTS) / sum(own.values())
        found = {
            "dataset": name,
            "windows": n_windows,
            "targets": windows.predictions(rows),
            "targets/s": round(windows.predictions(rows) / took),
            "MFLOP a target": round(flop.get_total_flops() / windows.predictions(rows) / 1e6, 1),
            "kB a target": round(moved.total / windows.predictions(rows) / 1e3),
            "GFLOP/s reached": round(flop.get_total_flops() / took / 1e9, 1),
            "GB/s reached": round(moved.total / took / 1e9, 1),
            "share of time in matrix products": round(share, 2),
            "GFLOP/s within them": round(flop.get_total_flops() / took / share / 1e9, 1),
        }
        print(json.dumps(found), flush=True)
        reached, within = found["GFLOP/s reached"], found["GFLOP/s within them"]
        print(
            f"| one-pass step, lengths of {name}, {n_windows} windows, small network | {reached} GFLOP/s, {within} in "
            f"matrix products, {found['GB/s reached']} GB/s | products of 4096 x 128 x 512 {ceiling:.1f} GFLOP/s, "
            f"copies {copying:.1f} GB/s | {reached / ceiling:.2f} | - | `{' '.join(['roofline.py', *sys.argv[1:]])}` |",
            flush=True,
        )


if __name__ == "__main__":
    main()
