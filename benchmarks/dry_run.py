"""How long a dry run of the paper's Table 2 takes, against Snakemake's own start on a workflow of one rule.

Both are whole processes; the difference is ours: checking the config, code digests, the graph of jobs.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ONE_RULE = 'rule all:\n    output: "done"\n    shell: "touch {output}"\n'


def seconds(command: list[str], folder: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    snakemake = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1"]
    ours, peer = [], []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Snakefile").write_text(ONE_RULE)
        for _ in range(repeats):
            ours.append(seconds([*snakemake, "--configfile", "config/paper.yaml", "--", "results/table2.csv"], ROOT))
            peer.append(seconds(snakemake, Path(folder)))
    ratios = sorted(mine / other for mine, other in zip(ours, peer, strict=True))
    figures = {
        "benchmark": "dry run of results/table2.csv, config/paper.yaml",
        "seconds_median": round(statistics.median(ours), 2),
        "seconds_max": round(max(ours), 2),
        "one_rule_seconds_median": round(statistics.median(peer), 2),
        "ratio_median": round(statistics.median(ratios), 2),
        "ratio_range": [round(ratios[0], 2), round(ratios[-1], 2)],
        "repeats": repeats,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
