"""The metrics that a table, a figure or a claim may name. How they are computed is in `semtok.papers.metrics`."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator


@dataclass(frozen=True)
class MetricEntry:
    """What planning must know of a metric."""

    label: str
    """As tables and figures write it."""
    needs: str
    """What it is computed from: `ranks`, the rank of each target in the recommender's list."""


METRICS = {"recall": MetricEntry("Recall", "ranks"), "ndcg": MetricEntry("NDCG", "ranks")}


def _known(name: str) -> str:
    if name not in METRICS:
        raise ValueError(f"a metric: {', '.join(METRICS)}")
    return name


Metric = Annotated[str, AfterValidator(_known)]
"""Name of a metric."""
