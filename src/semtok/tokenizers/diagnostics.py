"""What codes are like: use of the codebooks, collisions, neighbourhoods. Works for any codes.

docs/methods.md, "Diagnostics of codes", has the definitions."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.encoders.geography import quadkeys
from semtok.tokenizers.measures import collision_rate, entropy, mutual_information, perplexity, prefix_ids
from semtok.tokenizers.neighbourhoods import neighbourhoods

Codes = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]
TILE_LEVEL = 14
"""Digits of a quadkey: tiles of 2.4 km at the equator and 1.9 km in New York."""
DEALS = 10
"""How often codes are dealt out anew, for the purity that sizes alone give."""


def diagnose(
    codes: Codes,
    codebook_sizes: Sequence[int] | None = None,
    vectors: npt.NDArray[np.float32] | None = None,
    categories: pd.Series | None = None,
    tiles: pd.Series | None = None,
) -> dict[str, Any]:
    """Diagnose raw codes [n_items, n_levels]; everything is a JSON-serialisable number, None where undefined.

    codebook_sizes: K of each level; None takes the largest code that occurs (codes from outside do not say).
    vectors: the encoder's [n_items, dim]; adds true duplicates and the neighbourhood tests of claim C-14.
    categories: one label an item, null where unknown; adds prefix purity.
    tiles: where each item lies, as `map_tiles` names it; adds prefix purity by place.
    """
    sizes = [int(size) for size in (codes.max(axis=0) + 1 if codebook_sizes is None else codebook_sizes)]
    prefixes = prefix_ids(codes)
    result: dict[str, Any] = {
        "items": len(codes),
        "levels": [level_use(column, size) for column, size in zip(codes.T, sizes, strict=True)],
        "tuples": tuples(prefixes),
        "prefixes": prefix_tree(prefixes),
        "between_levels": between_levels(codes),
    }
    if vectors is not None:
        same_vector = vector_ids(vectors)
        result["duplicates"] = duplicates(prefixes[:, -1], same_vector)
        result["duplicates"]["items_without_vector"] = int(np.isnan(vectors).any(axis=1).sum())
        result["neighbourhoods"] = neighbourhoods(prefixes, vectors, same_vector)
    if categories is not None:
        result["purity"] = purity(prefixes, categories)
    if tiles is not None:
        result["place_purity"] = purity(prefixes, tiles)
    return result


def map_tiles(items: pd.DataFrame) -> pd.Series | None:
    """The number of the map's tile in which each item lies, null where unknown; None for items without places."""
    if not {"latitude", "longitude"} <= set(items.columns):
        return None
    place = items[["latitude", "longitude"]].to_numpy(np.float64)
    is_known = ~np.isnan(place).any(axis=1)
    latitude, longitude = np.where(is_known[:, None], place, 0.0).T
    digits = quadkeys(latitude, longitude, TILE_LEVEL)  # (n_items, level)
    return pd.Series(digits @ 4 ** np.arange(TILE_LEVEL), dtype="Int64").where(is_known)


def of_repair(raw: Codes, repaired: Codes) -> dict[str, Any]:
    """What a repair of collisions did, under `repair`; nothing where it changed no code.

    raw, repaired: [n_items, n_levels]. Everything else is diagnosed of raw codes.
    """
    changed = (raw != repaired).any(axis=1)
    if not changed.any():
        return {}
    return {"repair": {"repaired_items": int(changed.sum()), **tuples(prefix_ids(repaired))}}


def level_use(codes: npt.NDArray[np.int32], size: int) -> dict[str, float]:
    """How one level uses its K codes: shares of items p_k = n_k / N, entropy in nats."""
    counts = np.bincount(codes, minlength=size)
    return {
        "codebook_size": size,
        "utilisation": float((counts > 0).sum() / size),
        "entropy": entropy(counts),
        "perplexity": perplexity(counts),
        "perplexity_share": perplexity(counts) / size,
        "gini": gini(counts),
        "max_share": float(counts.max() / counts.sum()),
    }


def between_levels(codes: Codes) -> list[dict[str, float | int]]:
    """Per pair of levels: how much the code of one tells of the other's (claim S-10), in nats.

    `by_chance` is the same after one level's codes were dealt out to the items anew, which counts of a finite catalogue
    give to independent codes; `excess_share` is what lies above it, as a share of the smaller entropy.
    """
    rows: list[dict[str, float | int]] = []
    for first, second in combinations(range(codes.shape[1]), 2):
        ours, theirs = codes[:, first], codes[:, second]
        dealt_out = np.random.default_rng((first, second)).permutation(theirs)
        found, by_chance = mutual_information(ours, theirs), mutual_information(ours, dealt_out)
        smaller = min(entropy(np.bincount(ours)), entropy(np.bincount(theirs)))
        rows.append(
            {
                "first": first + 1,
                "second": second + 1,
                "mutual_information": found,
                "by_chance": by_chance,
                "excess_share": (found - by_chance) / smaller if smaller else 0.0,
            }
        )
    return rows


def gini(counts: npt.NDArray[np.integer]) -> float:
    """Gini coefficient of the counts, dead codes included: 0 = all alike, (K - 1) / K = all items in one code."""
    ascending = np.sort(counts).astype(np.float64)
    ranks = np.arange(1, len(ascending) + 1)
    return float((2 * ranks - len(ascending) - 1) @ ascending / (len(ascending) * ascending.sum()))


def tuples(prefixes: Integers) -> dict[str, float | None]:
    """Collisions of whole tuples, before any suffix."""
    n_items = len(prefixes)
    counts = np.bincount(prefixes[:, -1])
    return {
        "unique": len(counts),
        "collision_rate": collision_rate(prefixes[:, -1:]),
        "colliding_item_rate": float(counts[counts > 1].sum() / n_items),
        "largest_group": int(counts.max()),
        "joint_entropy": entropy(counts),
        "joint_entropy_share": entropy(counts) / float(np.log(n_items)) if n_items > 1 else None,
    }


def prefix_tree(prefixes: Integers) -> list[dict[str, float]]:
    """Per depth: prefixes in use, H(c_l | c_<l) in nats, and how many codes follow a prefix of the depth before."""
    rows = []
    parent_entropy, n_parents = 0.0, 1
    for depth in range(prefixes.shape[1]):
        counts = np.bincount(prefixes[:, depth])
        rows.append(
            {
                "depth": depth + 1,
                "prefixes": len(counts),
                "conditional_entropy": entropy(counts) - parent_entropy,
                "branching": len(counts) / n_parents,
                "largest_group": int(counts.max()),
            }
        )
        parent_entropy, n_parents = entropy(counts), len(counts)
    return rows


def vector_ids(vectors: npt.NDArray[np.float32]) -> Integers:
    """Number the distinct vectors: items with the same number have equal vectors; those without one are equal too."""
    rows = np.array(vectors) + np.float32(0)  # -0.0 becomes 0.0, so that equal numbers are equal bytes
    rows[np.isnan(rows).any(axis=1)] = np.nan
    as_bytes = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).reshape(-1)
    return np.unique(as_bytes, return_inverse=True)[1].reshape(-1).astype(np.int64)


def duplicates(tuple_ids: Integers, same_vector: Integers) -> dict[str, float]:
    """Tell true duplicates (equal vectors, which content-based codes must share) from the quantizer's collisions.

    quantizer_collision_rate is 1 - U/P over the P distinct pairs of vector and tuple: 0 if tuples are shared by equal
    vectors only, whatever their number. split_duplicate_rate is 1 - V/P over the V distinct vectors: above 0 if equal
    vectors have different tuples, as random codes give them.
    """
    n_items = len(tuple_ids)
    vector_counts = np.bincount(same_vector)
    pairs = np.unique(np.column_stack([tuple_ids, same_vector]), axis=0)
    vectors_of_tuple = np.bincount(pairs[:, 0])
    return {
        "unique_vectors": len(vector_counts),
        "duplicate_item_rate": float(vector_counts[vector_counts > 1].sum() / n_items),
        "quantizer_collision_rate": 1 - len(vectors_of_tuple) / len(pairs),
        "quantizer_colliding_item_rate": float((vectors_of_tuple[tuple_ids] > 1).mean()),
        "split_duplicate_rate": 1 - len(vector_counts) / len(pairs),
    }


def purity(prefixes: Integers, categories: pd.Series) -> list[dict[str, float | int | None]]:
    """Per depth: share of items in their prefix's most frequent category, over items whose category is known.

    An item alone in its prefix is pure whatever the codes are, so the purity of shared prefixes stands beside it, and
    depth 0, the share of the most frequent category, before it. Small prefixes are purer, too, whatever the codes are:
    `by_chance` is the purity of shared prefixes after the codes of the last level were dealt out anew among the items
    of the prefix before it, which leaves all sizes as they are; the mean of ten deals.
    """
    labels, _ = pd.factorize(categories)
    known = labels >= 0
    if not known.any():
        return []
    labels, prefixes = labels[known], prefixes[known]
    rows: list[dict[str, float | int | None]] = []
    before = np.zeros(len(labels), dtype=np.int64)
    for depth in range(prefixes.shape[1] + 1):
        ids = prefixes[:, depth - 1] if depth else before
        sizes, largest = _sizes_and_largest(ids, labels)
        shared = sizes > 1
        dealt = []
        for deal in range(DEALS if depth and shared.any() else 0):
            # Within a prefix of the level before, who has which of its codes.
            shuffled = np.lexsort((np.random.default_rng((depth, deal)).random(len(ids)), before))
            here, category = _sizes_and_largest(ids[np.argsort(before, kind="stable")], labels[shuffled])
            dealt.append(category[here > 1].sum() / here[here > 1].sum())
        rows.append(
            {
                "depth": depth,
                "purity": float(largest.sum() / sizes.sum()),
                "purity_of_shared": float(largest[shared].sum() / sizes[shared].sum()) if shared.any() else None,
                "by_chance": float(np.mean(dealt)) if dealt else None,
                "items_in_shared": int(sizes[shared].sum()),
            }
        )
        before = ids
    return rows


def _sizes_and_largest(prefixes: Integers, labels: Integers) -> tuple[Integers, Integers]:
    """Of each prefix: its items, and those of its most frequent category."""
    table = pd.DataFrame({"prefix": prefixes, "label": labels})
    sizes, largest = table.groupby("prefix").size(), table.value_counts().groupby("prefix").max()
    return np.asarray(sizes, dtype=np.int64), np.asarray(largest, dtype=np.int64)
