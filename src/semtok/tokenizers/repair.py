"""Repair of collisions: items of one tuple are told apart by their last code (LC-Rec, LETTER)."""

import logging
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from semtok.config.tokenizer_options import SinkhornRepair
from semtok.tokenizers.base import Codes, Tokens
from semtok.tokenizers.collisions import groups
from semtok.tokenizers.measures import collision_rate, prefix_ids
from semtok.tokenizers.sinkhorn import balanced

log = logging.getLogger(__name__)


def repaired(
    tokens: Tokens, last_residuals: npt.NDArray[np.float32], last_book: npt.NDArray[np.float32], options: SinkhornRepair
) -> Tokens:
    """The tokens with their collisions repaired (`repair`), their codes so far as the raw ones, and facts about it."""
    codes, facts = repair(tokens.codes, last_residuals, last_book, options)
    return replace(tokens, codes=codes, facts=tokens.facts | facts, raw_codes=tokens.codes)


def repair(
    codes: Codes,
    last_residuals: npt.NDArray[np.float32],
    last_book: npt.NDArray[np.float32],
    options: SinkhornRepair,
) -> tuple[Codes, dict[str, Any]]:
    """New codes, a copy, and what was done to them.

    The items of each tuple that has several are spread over the last level's codewords by entropic optimal transport,
    group by group in the order of their tuples. Those left in one tuple are tried again in the next round. Codewords
    that other items of the same prefix have are not offered: so an item without a collision keeps its code, and no
    round has more collisions than the one before. Items of equal residuals cannot be told apart and stay together.

    codes: [n_items, n_levels], raw. last_residuals: [n_items, dim], r_{L-1}, what the levels before the last left
    over. last_book: the last level's codewords, [K, dim].
    """
    result = codes.copy()
    prefixes = prefix_ids(codes)[:, -2] if codes.shape[1] > 1 else np.zeros(len(codes), dtype=np.int64)
    by_prefix = np.argsort(prefixes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(prefixes))])
    rounds, pending = 0, groups(result)
    while pending and rounds < options.rounds:
        rounds, moved = rounds + 1, False
        for items in pending:
            prefix, before = prefixes[items[0]], result[items, -1]
            siblings = by_prefix[starts[prefix] : starts[prefix + 1]]
            taken = np.bincount(result[siblings, -1], minlength=len(last_book))
            taken[before[0]] = 0
            free = np.flatnonzero(taken == 0)
            points, book = torch.from_numpy(last_residuals[items]), torch.from_numpy(last_book[free])
            after = free[balanced(points, book, options.epsilon, options.iterations).numpy()].astype(np.int32)
            result[items, -1] = after
            moved |= bool((after != before).any())
        pending = groups(result) if moved else []
    facts = {
        "collision_rate_before_repair": collision_rate(codes),
        "collision_rate_after_repair": collision_rate(result),
        "repaired_items": int((result != codes).any(axis=1).sum()),
        "repair_rounds": rounds,
    }
    log.info("repair of collisions: %s", facts)
    return result, facts
