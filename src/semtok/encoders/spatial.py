"""Items to spatial vectors: which items the graph holds, and whether the vectors know where things are."""

import logging
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from semtok.config.encoders import GraphSAGEEncoder
from semtok.encoders.geography import arc_km, haversine_km, unit_vectors
from semtok.errors import DataError

log = logging.getLogger(__name__)

NEIGHBOURS = 10
"""How many neighbours are compared."""
QUERIES = 2000
"""Items whose neighbours are compared: all, or this many."""
LISTED = 10
"""Largest components whose sizes are told."""

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]


def encode(
    options: GraphSAGEEncoder,
    items: pd.DataFrame,
    graph: sparse.csr_array,
    checkpoint: Path | None = None,
    identity: str = "",
) -> tuple[Vectors, dict[str, Any]]:
    """Encode every item that has an edge in `graph`, the weights [n_items, n_items].

    Returns float32 [n_items, dimensions], NaN for the others, and the facts that belong beside the array. Raises
    DataError where the graph has no edge, or is of another number of items.
    """
    if graph.shape != (len(items), len(items)):
        raise DataError(f"graph: found weights of shape {graph.shape}; expected {len(items)} items")
    nodes = np.flatnonzero(np.diff(graph.indptr))
    if not len(nodes):
        raise DataError(f"graph: no edge between any of {len(items)} items; expected at least two items side by side")
    graph = sparse.csr_array(graph[nodes][:, nodes])
    latitude, longitude = (_coordinate(items, name)[nodes] for name in ("latitude", "longitude"))
    encoded, method_facts = import_module(options.module).encode_nodes(
        options, graph, latitude, longitude, checkpoint, identity
    )
    vectors = np.full((len(items), encoded.shape[1]), np.nan, dtype=np.float32)
    vectors[nodes] = encoded
    facts = {
        "method": options.method,
        "graph": options.graph.method,
        "items": len(items),
        "items_without_edge": len(items) - len(nodes),
        "dimensions": int(encoded.shape[1]),
        **graph_facts(graph, latitude, longitude),
        "overlap_at_10": neighbour_overlap(encoded, latitude, longitude, options.seed),
        **method_facts,
    }
    log.info("spatial vectors: %s", facts)
    return vectors, facts


def graph_facts(graph: sparse.csr_array, latitude: Floats, longitude: Floats) -> dict[str, Any]:
    """Sizes of a symmetric graph: edges, components from the largest down, and the median length of an edge in km."""
    _, component = connected_components(graph, directed=False)
    sizes = np.sort(np.bincount(component))[::-1]
    origin = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    once = origin < graph.indices
    a, b = origin[once], graph.indices[once]
    km = haversine_km(latitude[a], longitude[a], latitude[b], longitude[b])
    km = km[np.isfinite(km)]
    return {
        "edges": int(once.sum()),
        "components": len(sizes),
        "largest_components": sizes[:LISTED].tolist(),
        "median_edge_km": float(np.median(km)) if len(km) else None,
    }


def neighbour_overlap(vectors: Vectors, latitude: Floats, longitude: Floats, seed: int) -> float | None:
    """Share of an item's 10 neighbours by cosine that are among its 10 neighbours on the Earth.

    Mean over 2,000 items drawn by the seed, or all. Whatever is as near as the tenth counts, so that items of one
    place do not depend on their order. None where fewer than two items have coordinates.
    """
    located = np.flatnonzero(np.isfinite(latitude) & np.isfinite(longitude))
    if len(located) < 2:
        return None
    k = min(NEIGHBOURS, len(located) - 1)
    points = unit_vectors(latitude[located], longitude[located])  # (n, 3)
    units = vectors[located]  # (n, dim)
    queries = np.arange(len(located))
    if len(queries) > QUERIES:
        queries = np.sort(np.random.default_rng(seed).choice(len(queries), QUERIES, replace=False))
    reach, _ = cKDTree(points).query(points[queries], k=[k + 1])
    shares = []
    for query, far in zip(queries, reach[:, 0], strict=True):
        cosine = units @ units[query]  # (n,)
        cosine[query] = -np.inf
        nearest = np.argpartition(cosine, -k)[-k:]  # (k,)
        chord = np.linalg.norm(points[nearest] - points[query], axis=1)
        # A millimetre of tolerance for rounding.
        shares.append(float((arc_km(chord) <= arc_km(far) + 1e-6).mean()))
    return float(np.mean(shares))


def _coordinate(items: pd.DataFrame, name: str) -> Floats:
    if name not in items.columns:
        return np.full(len(items), np.nan)
    return items[name].to_numpy(np.float64)
