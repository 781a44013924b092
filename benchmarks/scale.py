"""What a row costs in each stage: processor time and peak memory at growing sizes, and what follows for AMap.

    PYTHONPATH=src python benchmarks/scale.py --stages prepare texts --rows 10000 100000 1000000
    PYTHONPATH=src python benchmarks/scale.py --stages prepare --rows 10000000

Each stage runs the package's own functions on synthetic rows, in a process of its own for each size; what it reads is
written by another. Times are processor seconds of one thread, since other work may share the machine. Peak memory is
the largest resident size (VmHWM: Linux), pages of mapped files included; `base_mib` of it are there before the work.
A last line for each stage gives the cost of a row between the two largest sizes, how far the cost between the sizes
before differs from it (1: linear), and the same at AMap's size, by that line.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from scale_stages import STAGES


def peak_mib() -> int:
    status = Path("/proc/self/status").read_text()
    return round(int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024)


def measure(stage: str, n: int, folder: Path) -> None:
    """Run one stage in this process and print what it took; imports of its modules count as work, once."""
    base, wall, processor = peak_mib(), time.perf_counter(), time.process_time()
    STAGES[stage][1](folder, n)
    print(
        json.dumps(
            {
                "seconds": round(time.perf_counter() - wall, 1),
                "processor_seconds": round(time.process_time() - processor, 2),
                "peak_mib": peak_mib(),
                "base_mib": base,
            }
        )
    )


def in_another_process(step: str, stage: str, n: int, folder: Path) -> str:
    command = [sys.executable, __file__, "--step", step, "--stages", stage, "--rows", str(n), "--folder", str(folder)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | threads).stdout


def extrapolated(stage: str, runs: list[dict]) -> dict:
    _, _, row, n_amap, _ = STAGES[stage]
    result = {"benchmark": "scale", "stage": stage, "row": row, "rows_of_amap": n_amap}
    for key, unit in (("processor_seconds", 1), ("peak_mib", 2**20)):
        slopes = [
            (after[key] - before[key]) * unit / (after["rows"] - before["rows"]) for before, after in pairwise(runs)
        ]
        last = slopes[-1]
        result[f"{key}_a_row" if unit == 1 else "bytes_a_row"] = float(f"{last:.3g}")
        if len(slopes) > 1 and last:
            result[f"linear_{key}"] = round(slopes[-2] / last, 2)
        result[f"{key}_of_amap"] = round(runs[-1][key] + last * (n_amap - runs[-1]["rows"]) / unit)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--rows", nargs="+", type=int, default=None, help="instead of each stage's own sizes")
    parser.add_argument("--folder", default=None, help="where the temporary folder lies")
    parser.add_argument("--step", choices=["write", "measure"], default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        stage, n, folder = arguments.stages[0], arguments.rows[0], Path(arguments.folder)
        STAGES[stage][0](folder, n) if arguments.step == "write" else measure(stage, n, folder)
        return
    for stage in arguments.stages:
        runs = []
        for n in sorted(arguments.rows or STAGES[stage][4]):
            with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
                in_another_process("write", stage, n, Path(folder))
                run = {"rows": n, **json.loads(in_another_process("measure", stage, n, Path(folder)))}
            print(json.dumps({"benchmark": "scale", "stage": stage, **run}), flush=True)
            runs.append(run)
        if len(runs) > 1:
            print(json.dumps(extrapolated(stage, runs)), flush=True)


if __name__ == "__main__":
    main()
