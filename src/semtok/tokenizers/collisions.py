"""Items of one tuple: who they are, and the suffix that tells them apart (docs/methods.md, "Collisions")."""

import numpy as np
import numpy.typing as npt

from semtok.tokenizers.measures import prefix_ids

Codes = npt.NDArray[np.int32]


def with_suffix(codes: Codes) -> Codes:
    """Append TIGER's extra token: [n_items, n_levels] to [n_items, n_levels + 1], all rows distinct.

    The items of one tuple are numbered 0, 1, ... in the order of their ids, over the whole catalogue.
    """
    _, order, starts, counts = _sorted_by_tuple(codes)
    suffix = np.empty(len(codes), dtype=np.int32)
    suffix[order] = np.arange(len(codes)) - np.repeat(starts, counts)
    return np.column_stack([codes, suffix]).astype(np.int32)


def groups(codes: Codes) -> list[npt.NDArray[np.int64]]:
    """The items of every tuple that has two or more, ascending; the groups in the order of their tuples."""
    _, order, starts, counts = _sorted_by_tuple(codes)
    return [order[start : start + count] for start, count in zip(starts[counts > 1], counts[counts > 1], strict=True)]


def _sorted_by_tuple(codes: Codes) -> tuple[npt.NDArray[np.int64], ...]:
    """Tuple number of each item; the items by tuple, then id; where each tuple starts among them; its size."""
    tuples = prefix_ids(codes)[:, -1]
    counts = np.bincount(tuples)
    return tuples, np.argsort(tuples, kind="stable"), np.cumsum(counts) - counts, counts
