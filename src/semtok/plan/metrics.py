"""The metrics that a table, a figure or a claim may name. How they are computed is in `semtok.papers.metrics`."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

DEFECT_BEAM = 20
"""The beam of the public code behind STORE's NDCG, and so that of ours by its formula, however many a run ranks."""

NO_K = 0
"""The k of a metric that is not cut."""
_OF_NDCG = f"NDCG@{DEFECT_BEAM}"


@dataclass(frozen=True)
class MetricEntry:
    """What planning must know of a metric."""

    label: str
    """As tables and figures write it."""
    needs: str
    """What it is computed from: `ranks`, the rank of each target in the recommender's list; `NDCG@20`, which must be
    among the metrics; or `candidates`, scored lists of what a user was shown (a table of its own kind)."""
    has_k: bool = True
    """Whether it is cut at k; the k of one that is not is `NO_K`."""
    highest: float = 1.0
    """No mean is above."""
    printed_as: str = ""
    """The metric as which a paper prints it, from whose numbers it is computed back; empty: as itself."""
    note: str = ""
    """What must be said wherever it stands."""

    @property
    def needed_k(self) -> int | None:
        """The k at which a run must be evaluated, whatever else is shown; None where there need not."""
        return DEFECT_BEAM if self.needs == _OF_NDCG else None


METRICS = {
    "recall": MetricEntry("Recall", "ranks"),
    "ndcg": MetricEntry("NDCG", "ranks"),
    "ndcg_defective": MetricEntry(
        "NDCG, defective formula",
        _OF_NDCG,
        highest=math.inf,
        note=(
            "log2(k+1) times the DCG over the whole beam, without a cut at k, as the public code behind the paper"
            f" computed it until May 2025 (S-I1). No NDCG: above Recall, and not bounded by 1. Ours over {DEFECT_BEAM}"
            " items. Only here to compare with what is printed"
        ),
    ),
    "beam_dcg": MetricEntry(
        "DCG over the beam",
        _OF_NDCG,
        printed_as="ndcg_defective",
        note=(
            f"the paper's is the printed NDCG@k over log2(k+1), which is one number for all k where the formula was"
            f" that; ours is {_OF_NDCG}"
        ),
    ),
    "gauc": MetricEntry("GAUC", "candidates", has_k=False),
    "mrr": MetricEntry("MRR", "candidates", has_k=False),
    "lrap": MetricEntry("LRAP", "candidates", has_k=False),
    "list_ndcg": MetricEntry("N", "candidates"),
}
OF_CANDIDATES = (("gauc", NO_K), ("mrr", NO_K), ("lrap", NO_K), ("list_ndcg", 1), ("list_ndcg", 5))
"""Metric and k of every column of a table of scored candidates, but the pooled AUC, which is no mean over users."""


def columns(metrics: Iterable[str], ks: Iterable[int]) -> list[tuple[str, int]]:
    """Every k of every metric; one that is not cut stands once."""
    found = [(metric, k if METRICS[metric].has_k else NO_K) for metric in metrics for k in ks]
    return list(dict.fromkeys(found))


def _known(name: str) -> str:
    if name not in METRICS:
        raise ValueError(f"a metric: {', '.join(METRICS)}")
    return name


def _of_ranks(name: str) -> str:
    known = [metric for metric, entry in METRICS.items() if entry.needs != "candidates"]
    if name not in known:
        raise ValueError(f"a metric: {', '.join(known)}")
    return name


Metric = Annotated[str, AfterValidator(_known)]
"""Name of a metric."""
RankMetric = Annotated[str, AfterValidator(_of_ranks)]
"""Name of a metric of ranked lists."""
