"""The distance graph of a million places: seconds and peak memory, beside scikit-learn, in one run.

    PYTHONPATH=src python benchmarks/spatial_graph.py --points 1000000

Makes up places around thousands of towns, then builds the graph of methods.md 10.2 (10 neighbours, 5 km, Gaussian
weights, the larger of both directions), each time in a process of its own:

- `semtok`: `semtok.encoders.distance_graph.build`;
- `peer`: `sklearn.neighbors.kneighbors_graph` with the haversine metric (a ball tree) in one call, and the same
  weights from it with scipy. It runs on a slice of `--peer-points`; the ratio compares semtok on that same slice,
  rounds of the two alternating. Both must give the same graph.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

START = """
import sys, time, json, resource
import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.neighbors import kneighbors_graph
from semtok.config.encoders import DistanceGraph
from semtok.encoders.distance_graph import build
items = pd.read_parquet(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
start = time.perf_counter()
"""
SEMTOK = """
options = DistanceGraph(method="distance", neighbours=10, radius_km=5.0, minimum_scale_m=50.0)
graph = build(options, items)
"""
PEER = """
points = np.radians(items[["latitude", "longitude"]].to_numpy())
graph = kneighbors_graph(points, 10, mode="distance", metric="haversine")
km = graph.data * 6371.0088
nearest = np.zeros(len(km), dtype=bool)
nearest[graph.indptr[:-1] + np.argmin(km.reshape(-1, 10), axis=1)] = True
kept = (km <= 5) | nearest
scale = max(np.median(km[kept]), 0.05)
graph.data = np.where(kept, np.maximum(np.exp(-km**2 / (2 * scale**2)), 1e-6), 0)
graph.eliminate_zeros()
graph = graph.maximum(graph.T)
"""
REPORT = """
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "mib": peak, "before": before, "edges": graph.nnz, "sum": float(graph.sum())}))
"""
PLACES_A_TOWN = 500


def write_places(path: Path, n_points: int) -> None:
    """Places a few kilometres around towns that lie anywhere from 60 S to 60 N."""
    import pandas as pd

    rng = np.random.default_rng(0)
    n_towns = n_points // PLACES_A_TOWN + 1
    towns = np.stack([rng.uniform(-60, 60, n_towns), rng.uniform(-180, 180, n_towns)], axis=1)
    position = towns[rng.integers(n_towns, size=n_points)] + rng.normal(scale=0.02, size=(n_points, 2))
    longitude = (position[:, 1] + 180) % 360 - 180
    pd.DataFrame({"latitude": position[:, 0], "longitude": longitude}).to_parquet(path)


def measure(code: str, path: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", START + code + REPORT, str(path)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--peer-points", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path, small = Path(folder, "places.parquet"), Path(folder, "slice.parquet")
        write_places(path, arguments.points)
        write_places(small, arguments.peer_points)
        whole = measure(SEMTOK, path)
        print(
            f"semtok: {arguments.points:,} places, {whole['edges'] // 2:,} edges in {whole['seconds']:.1f} s, "
            f"peak {whole['mib']:.0f} MiB ({whole['before']:.0f} MiB of it before the start)",
            flush=True,
        )
        ratios, memory = [], []
        for _ in range(arguments.rounds):
            ours, theirs = measure(SEMTOK, small), measure(PEER, small)
            assert abs(ours["sum"] - theirs["sum"]) <= 1e-4 * theirs["sum"], (ours, theirs)
            assert abs(ours["edges"] - theirs["edges"]) <= 1e-4 * theirs["edges"], (ours, theirs)
            ratios.append(theirs["seconds"] / ours["seconds"])
            memory.append((theirs["mib"] - theirs["before"]) / (ours["mib"] - ours["before"]))
        print(
            f"slice of {arguments.peer_points:,} places, {arguments.rounds} rounds: scikit-learn takes "
            f"{statistics.median(ratios):.2f} times as long (min {min(ratios):.2f}, max {max(ratios):.2f}) and "
            f"{statistics.median(memory):.1f} times the memory; last: peer {theirs['seconds']:.1f} s "
            f"{theirs['mib']:.0f} MiB, semtok {ours['seconds']:.1f} s {ours['mib']:.0f} MiB"
        )


if __name__ == "__main__":
    main()
