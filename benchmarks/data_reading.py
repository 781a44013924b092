"""Reading Amazon reviews: rows a second and peak memory, beside the usual line loop, in one run.

    PYTHONPATH=src python benchmarks/data_reading.py --rows 10000000

Writes reviews of the 2018 format to a temporary folder, then, each in a process of its own:

- `semtok`: `semtok.data.readers.amazon2018.read_interactions` and `collect`, to coded arrays;
- `peer`: what public code of the field does, `for line in gzip.open(path): rows.append(json.loads(line))`, then a
  DataFrame of which three columns are kept and coded. It holds every review as a dict, so it runs on a slice of
  `--peer-rows`; the ratio compares semtok on that same slice, rounds of the two alternating.
"""

import argparse
import gzip
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from apart import PEAK, alternate, measure

REPORT = f"""
print(json.dumps({{"seconds": seconds, "counts": counts, "mib": {PEAK}}}))
"""
SEMTOK = (
    """
import sys, time, json, resource
from pathlib import Path
from semtok.data.raw import RawFile, collect
from semtok.data.readers.amazon2018 import read_interactions
from semtok.data.report import Report
start = time.perf_counter()
events = collect(read_interactions([RawFile(Path(sys.argv[1]))], Report()))
seconds = time.perf_counter() - start
counts = [len(events.user), len(events.users), len(events.items), int(events.timestamp.sum())]
"""
    + REPORT
)
PEER = (
    """
import sys, time, json, resource, gzip
import pandas as pd
start = time.perf_counter()
rows = []
with gzip.open(sys.argv[1]) as stream:
    for line in stream:
        rows.append(json.loads(line))
frame = pd.DataFrame(rows)[["reviewerID", "asin", "unixReviewTime"]]
user, users = pd.factorize(frame["reviewerID"], sort=True)
item, items = pd.factorize(frame["asin"], sort=True)
seconds = time.perf_counter() - start
counts = [len(user), len(users), len(items), int(frame["unixReviewTime"].sum())]
"""
    + REPORT
)
BATCH = 100_000


def write_reviews(path: Path, n_rows: int) -> None:
    rng = np.random.default_rng(0)
    words = np.array(["good", "bad", "pen", "paper", "desk", "works", "well", "broke", "love", "would", "buy", "again"])
    with gzip.open(path, "wt", compresslevel=1) as stream:
        for start in range(0, n_rows, BATCH):
            size = min(BATCH, n_rows - start)
            user = rng.integers(n_rows // 8 + 1, size=size)
            item = (rng.pareto(1.0, size=size) * 1000).astype(np.int64) % 100_000
            time = 1_200_000_000 + rng.integers(300_000_000, size=size)
            text = [" ".join(row) for row in words[rng.integers(len(words), size=(1000, 25))]]
            stream.writelines(
                f'{{"overall": 5.0, "verified": true, "reviewTime": "09 7, 2017", "reviewerID": "A{user[i]:013d}", '
                f'"asin": "B{item[i]:09d}", "style": {{"Size:": " 1"}}, "reviewerName": "name", "reviewText": '
                f'"{text[i % 1000]}", "summary": "Five Stars", "unixReviewTime": {time[i]}}}\n'
                for i in range(size)
            )


def check(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours["counts"] == theirs["counts"], "both must read the same"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer-rows", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path, small = Path(folder, "all_5.json.gz"), Path(folder, "slice_5.json.gz")
        write_reviews(path, arguments.rows)
        write_reviews(small, arguments.peer_rows)
        whole = measure(SEMTOK, path)
        print(
            f"semtok: {arguments.rows:,} rows ({path.stat().st_size / 1e6:.0f} MB gzip) in {whole['seconds']:.1f} s: "
            f"{arguments.rows / whole['seconds']:,.0f} rows/s, peak {whole['mib']:.0f} MiB",
            flush=True,
        )
        compared = alternate(SEMTOK, PEER, small, arguments.rounds, check)
        slice_read = f"slice of {arguments.peer_rows:,} rows, {arguments.rounds} rounds"
        print(f"{slice_read}: gzip + json.loads + DataFrame {compared}")


if __name__ == "__main__":
    main()
