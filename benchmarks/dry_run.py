"""How long dry runs of the paper config take, against Snakemake's own start on a workflow of one rule.

All are whole processes; the difference is ours: checking the config, code digests, the graph of jobs. Wall-clock times
are those of a quiet machine only; processor seconds (user and system) hold on a busy one too, within some 20%.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ONE_RULE = 'rule all:\n    output: "done"\n    shell: "touch {output}"\n'
PAPER = ["--configfile", "config/paper.yaml", "--"]
TARGETS = {
    "results/table2.csv": ["results/table2.csv"],
    "all tables": [f"results/table{number}.csv" for number in range(1, 5)],
    "everything": [],
}


def seconds(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall-clock and processor seconds."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    snakemake = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1"]
    ours: dict[str, list[tuple[float, float]]] = {name: [] for name in TARGETS}
    peer = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Snakefile").write_text(ONE_RULE)
        for _ in range(repeats):
            for name, targets in TARGETS.items():
                ours[name].append(seconds([*snakemake, *PAPER, *targets], ROOT))
            peer.append(seconds(snakemake, Path(folder)))
    for name, found in ours.items():
        ratios = sorted(mine[1] / other[1] for mine, other in zip(found, peer, strict=True))
        figures = {
            "benchmark": f"dry run of {name}, config/paper.yaml",
            "seconds_median": round(statistics.median(wall for wall, _ in found), 2),
            "processor_seconds_median": round(statistics.median(used for _, used in found), 2),
            "processor_seconds_max": round(max(used for _, used in found), 2),
            "one_rule_processor_seconds_median": round(statistics.median(used for _, used in peer), 2),
            "ratio_median": round(statistics.median(ratios), 2),
            "ratio_range": [round(ratios[0], 2), round(ratios[-1], 2)],
            "repeats": repeats,
        }
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
