"""Telling apart items that share a code tuple."""

import numpy as np
import numpy.typing as npt


def with_suffix(codes: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
    """Append TIGER's suffix code [N, L + 1], which numbers the items of one tuple in their order (methods.md 1.5)."""
    _, group = np.unique(codes, axis=0, return_inverse=True)
    group = group.reshape(-1)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(group.max(initial=-1) + 1))
    suffix = np.empty(len(codes), dtype=np.int32)
    suffix[order] = np.arange(len(codes)) - starts[group[order]]
    return np.column_stack([codes, suffix]).astype(np.int32)
