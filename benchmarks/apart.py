"""What the benchmarks of time and memory share: each side runs in a process of its own, whose peak the kernel knows."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PEAK = "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024"
"""Python for the peak of the process so far, in MiB; it needs `resource`."""


def measure(code: str, path: Path) -> dict[str, Any]:
    """What `code` prints last, a line of JSON, run on `path` by an interpreter of its own."""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def alternate(
    ours: str, theirs: str, path: Path, rounds: int, check: Callable[[dict[str, Any], dict[str, Any]], None]
) -> str:
    """How many times the seconds and the memory of ours the peer takes, in words; `check` sees both of each round.

    Memory is the peak, less that before the start where the code tells it (`before`).
    """
    ratios, memory = [], []
    for _ in range(rounds):
        our, their = measure(ours, path), measure(theirs, path)
        check(our, their)
        ratios.append(their["seconds"] / our["seconds"])
        memory.append((their["mib"] - their.get("before", 0)) / (our["mib"] - our.get("before", 0)))
    return (
        f"takes {statistics.median(ratios):.2f} times as long (min {min(ratios):.2f}, max {max(ratios):.2f}) and "
        f"{statistics.median(memory):.1f} times the memory; last: peer {their['seconds']:.1f} s "
        f"{their['mib']:.0f} MiB, semtok {our['seconds']:.1f} s {our['mib']:.0f} MiB"
    )
