"""Counting codes: prefixes, entropy, perplexity, collisions (docs/methods.md, "Diagnostics of codes"). Numpy only."""

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def prefix_ids(codes: npt.NDArray[np.integer]) -> Integers:
    """Number the prefixes of every depth: [n_items, n_levels] to [n_items, n_levels].

    Two items have the same number at depth l exactly if their first l codes are the same. The numbers of a depth are
    0, 1, ... in the order of the prefixes.
    """
    ids = np.empty(codes.shape, dtype=np.int64)
    prefix = np.zeros(len(codes), dtype=np.int64)
    for level in range(codes.shape[1]):
        code = codes[:, level].astype(np.int64)
        # Below n_items * K, so that no product of many codebook sizes can overflow.
        prefix = np.unique(prefix * (code.max(initial=0) + 1) + code, return_inverse=True)[1].reshape(-1)
        ids[:, level] = prefix
    return ids


def entropy(counts: npt.NDArray[np.integer]) -> float:
    """-sum p ln p in nats over p = counts / sum(counts); 0 ln 0 is 0."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def mutual_information(first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> float:
    """I(X; Y) = H(X) + H(Y) - H(X, Y) in nats, of the codes [n_items] of two levels, by their counts.

    Of a sample it is above zero for independent codes too, the more so the more codes and the fewer items there are.
    """
    pairs = prefix_ids(np.column_stack([first, second]))
    joint = entropy(np.bincount(pairs[:, 1]))
    # Rounding may leave a difference below zero.
    return max(0.0, entropy(np.bincount(first)) + entropy(np.bincount(second)) - joint)


def perplexity(counts: npt.NDArray[np.integer]) -> float:
    """exp(entropy): how many codes would be as uncertain if used alike."""
    return float(np.exp(entropy(counts)))


def collision_rate(codes: npt.NDArray[np.integer]) -> float:
    """1 - U/N: U unique tuples of N items (the definition of LC-Rec and LETTER)."""
    return 1 - (int(prefix_ids(codes)[:, -1].max()) + 1) / len(codes)
