"""Do neighbours in vector space share codes? The measures of claim C-14, which the CoST paper never took."""

from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

N_NEIGHBOURS = 10
MAX_QUERIES = 10_000
"""Items whose neighbours are looked up, a fixed sample of larger catalogues; they are sought among all items."""
SIMILARITIES_AT_ONCE = 10_000_000
"""Of queries and items, which bounds the memory."""


def neighbourhoods(prefixes: Integers, vectors: npt.NDArray[np.float32], same_vector: Integers) -> dict[str, Any]:
    """Compare the prefixes (`measures.prefix_ids`) of near items, by cosine, with those of random pairs.

    Items without a vector are left out. Per depth l, the last being the whole tuple:
    overlap: mean share of an item's 10 nearest that share its first l codes (overlap@10 of the two sets over 10);
    precision: the same overlap over the number of other items that share them, over the items where there are any;
    nearest: probability that an item shares them with its nearest neighbour;
    nearest_distinct: with its nearest neighbour of another vector, so that true duplicates do not count;
    random: probability for a pair of different items, exact.
    """
    present = np.flatnonzero(~np.isnan(vectors).any(axis=1))
    if len(present) < 2:
        return {"queries": 0, "neighbours": 0, "depths": []}
    prefixes, same_vector = prefixes[present], same_vector[present]
    units = _unit(np.asarray(vectors[present]))
    queries = np.arange(len(present))
    if len(queries) > MAX_QUERIES:
        queries = np.sort(np.random.default_rng(0).choice(len(queries), MAX_QUERIES, replace=False))
    near = nearest_others(units, queries, min(N_NEIGHBOURS, len(present) - 1))
    distinct = nearest_distinct(units, queries, same_vector)
    depths = [
        {"depth": depth + 1, **_shared(prefixes[:, depth], queries, near, distinct)}
        for depth in range(prefixes.shape[1])
    ]
    return {"queries": len(queries), "neighbours": near.shape[1], "depths": depths}


def _shared(ids: Integers, queries: Integers, near: Integers, distinct: Integers | None) -> dict[str, float | None]:
    counts = np.bincount(ids)
    n_items = len(ids)
    shares = ids[near] == ids[queries][:, None]
    others = counts[ids[queries]] - 1
    some = others > 0
    return {
        "overlap": float(shares.mean()),
        "precision": float((shares.sum(axis=1)[some] / others[some]).mean()) if some.any() else None,
        "nearest": float(shares[:, 0].mean()),
        "nearest_distinct": None if distinct is None else float((ids[distinct] == ids[queries]).mean()),
        "random": float((counts * (counts - 1)).sum() / (n_items * (n_items - 1))),
    }


def nearest_others(units: npt.NDArray[np.float32], queries: Integers, n_neighbours: int) -> Integers:
    """The nearest items by cosine other than the query itself, nearest first: [n_queries, n_neighbours].

    In numpy, since to import scikit-learn takes longer than to diagnose a catalogue of the demo.
    """
    found = np.empty((len(queries), n_neighbours), dtype=np.int64)
    n_rows = max(SIMILARITIES_AT_ONCE // len(units), 1)
    for start in range(0, len(queries), n_rows):
        rows = queries[start : start + n_rows]
        similarity = units[rows] @ units.T  # (n_rows, n_items)
        similarity[np.arange(len(rows)), rows] = -np.inf
        nearest = np.sort(np.argpartition(-similarity, n_neighbours - 1, axis=1)[:, :n_neighbours], axis=1)
        order = np.argsort(-np.take_along_axis(similarity, nearest, axis=1), axis=1, kind="stable")
        found[start : start + n_rows] = np.take_along_axis(nearest, order, axis=1)
    return found


def nearest_distinct(units: npt.NDArray[np.float32], queries: Integers, same_vector: Integers) -> Integers | None:
    """The nearest item of another vector (the lowest of its duplicates): [n_queries]; None if all are equal."""
    _, first, of_item = np.unique(same_vector, return_index=True, return_inverse=True)
    if len(first) < 2:
        return None
    near = nearest_others(units[first], np.unique(of_item[queries]), 1)[:, 0]
    wanted = np.searchsorted(np.unique(of_item[queries]), of_item[queries])
    return np.asarray(first[near[wanted]], dtype=np.int64)


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Rows at length 1; a zero row stays."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), dtype=np.float32)
