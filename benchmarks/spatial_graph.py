"""The distance graph of a million places: seconds and peak memory, beside scikit-learn, in one run.

    PYTHONPATH=src python benchmarks/spatial_graph.py --points 1000000

Makes up places around thousands of towns, then builds the distance graph (docs/methods.md, "Spatial graphs": 10
neighbours, 5 km, Gaussian weights, the larger of both directions), each time in a process of its own:

- `semtok`: `semtok.encoders.distance_graph.build`;
- `peer`: `sklearn.neighbors.kneighbors_graph` with the haversine metric (a ball tree) in one call, and the same
  weights from it with scipy. It runs on a slice of `--peer-points`; the ratio compares semtok on that same slice,
  rounds of the two alternating. Both must give the same graph.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from apart import PEAK, alternate, measure

START = f"""
import sys, time, json, resource
import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.neighbors import kneighbors_graph
from semtok.config.encoders import DistanceGraph
from semtok.encoders.distance_graph import build
items = pd.read_parquet(sys.argv[1])
before = {PEAK}
start = time.perf_counter()
"""
REPORT = f"""
seconds = time.perf_counter() - start
found = dict(seconds=seconds, mib={PEAK}, before=before, edges=graph.nnz, sum=float(graph.sum()))
print(json.dumps(found))
"""
SEMTOK = f"""{START}
options = DistanceGraph(method="distance", neighbours=10, radius_km=5.0, minimum_scale_m=50.0)
graph = build(options, items)
{REPORT}"""
PEER = f"""{START}
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
{REPORT}"""
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


def check(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    for fact in ("sum", "edges"):
        assert abs(ours[fact] - theirs[fact]) <= 1e-4 * theirs[fact], (ours, theirs)


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
        compared = alternate(SEMTOK, PEER, small, arguments.rounds, check)
        print(f"slice of {arguments.peer_points:,} places, {arguments.rounds} rounds: scikit-learn {compared}")


if __name__ == "__main__":
    main()
