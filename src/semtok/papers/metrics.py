"""Recall@k and NDCG@k from saved ranks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.errors import ConfigError, DataError
from semtok.plan.metrics import DEFECT_BEAM, METRICS

Array = npt.NDArray[np.float64]

OF_RANKS: dict[str, Callable[[Array], Array]] = {"recall": np.ones_like, "ndcg": lambda rank: 1 / np.log2(rank + 1)}
"""What a target earns at a rank of at most k: those of `plan.metrics.METRICS` that need ranks. NDCG's ideal is 1, since
there is one relevant item."""
OF_NDCG: dict[str, Callable[[Array, int], Array]] = {
    "ndcg_defective": lambda dcg, k: np.log2(k + 1) * dcg,
    "beam_dcg": lambda dcg, k: dcg,
}
"""The metrics of `plan.metrics.METRICS` that are made from the DCG over a beam of `DEFECT_BEAM` items (NDCG@20: the
ideal is 1). The first is what STORE prints as NDCG@k (S-I1)."""
COLUMNS = ["target", "user", "item", "rank", "top"]


def read_ranks(path: str | Path) -> pd.DataFrame:
    """A `ranks.parquet`, checked, in order of `target`.

    Raises:
        DataError: columns are missing, a target is there twice, a rank does not agree with the list beside it: a hit
            is a hit on the item, so the item must stand at its rank in `top`, and nowhere in `top` without a rank. A
            rank may lie behind `top` where every target has one: the whole catalogue was ranked.
    """
    try:
        ranks = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {error}") from None
    missing = [column for column in COLUMNS if column not in ranks.columns]
    if missing:
        raise DataError(f"{path}: found columns {', '.join(ranks.columns)}; expected also {', '.join(missing)}")
    if ranks.empty:
        raise DataError(f"{path}: found no targets; expected at least one")
    ranks = ranks.sort_values("target", ignore_index=True)
    twice = ranks.loc[ranks["target"].duplicated(), "target"]
    if len(twice):
        raise DataError(f"{path}: target {twice.iloc[0]} is there twice; expected every target once")
    wrong = _rank_disagrees(ranks)
    if wrong.any():
        row = ranks.iloc[int(wrong.argmax())]
        raise DataError(
            f"{path}: target {row['target']}: found rank {row['rank']} for item {row['item']}; expected the position "
            f"of that item in its list, or none: {[int(item) for item in row['top'][:10]]}..."
        )
    return ranks


def beam_width(ranks: pd.DataFrame) -> int:
    """Items in the longest beam."""
    return int(ranks["top"].map(len).max())


def earned_at(ranks: pd.Series, metric: str, k: int) -> Array:
    """What targets of these ranks (null: not found) earn at k: [targets].

    Recall: 1 if rank <= k. NDCG: 1 / log2(rank + 1) if rank <= k.
    """
    rank = ranks.to_numpy(dtype=np.float64, na_value=np.inf)
    result: Array = np.where(rank <= k, OF_RANKS[metric](rank), 0.0)
    return result


def printed_back(metric: str, printed: float, k: int) -> float:
    """A metric that a paper prints as another (`printed_as`), from the printed number: STORE's DCG over the beam."""
    if METRICS[metric].printed_as != "ndcg_defective":
        raise ConfigError(f"found metric {metric!r}; expected one that is printed as another")
    return float(printed / np.log2(k + 1))


def expected_of_random(metric: str, k: int, n_items: int) -> float:
    """What a target earns on average in a list of all items in random order, where every rank is as likely."""
    if metric in OF_NDCG:
        return float(OF_NDCG[metric](np.array(expected_of_random("ndcg", DEFECT_BEAM, n_items)), k))
    ranks = np.arange(1, min(k, n_items) + 1, dtype=np.float64)
    return float(OF_RANKS[metric](ranks).sum() / n_items)


def check_cutoff(k: int, beam: int) -> None:
    """A `ConfigError` where `beam` items cannot tell what stands among the first k."""
    if not 1 <= k <= beam:
        raise ConfigError(
            f"found k = {k}; expected 1 to {beam}, the beam that was decoded (decoding.beam_size or decoding.top)"
        )


def _rank_disagrees(ranks: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """[targets]: whether the rank is not the position of the item in its list; beyond the list, it is not in there."""
    lengths = ranks["top"].map(len).to_numpy(dtype=np.int64)
    beams = np.concatenate([np.asarray(top, dtype=np.int64) for top in ranks["top"]])
    target = np.repeat(np.arange(len(ranks)), lengths)
    position = np.arange(len(beams)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    hit = beams == ranks["item"].to_numpy()[target]
    found = np.zeros(len(ranks), dtype=np.int64)
    # Written backwards, so that the first of two equal items in a beam counts.
    found[target[hit][::-1]] = position[hit][::-1]
    rank = ranks["rank"].fillna(0).to_numpy(dtype=np.int64)
    # Who ranks the whole catalogue knows every rank, also behind the list.
    behind = (rank > lengths.max()) & (rank > 0).all()
    result: npt.NDArray[np.bool_] = np.where(behind, 0, rank) != found
    return result
