"""Options chosen by validation: of the trials of a grid, the one with the highest Recall@10."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from semtok.errors import DataError

METRIC = "recall@10"

log = logging.getLogger(__name__)


def choose(trials: Sequence[dict[str, Any]], histories: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """The values of the best trial, and what each of them reached at its best validation.

    Args:
        trials: the values of each, in the order of the grid; of equals the first is chosen.
        histories: of its training, one row an epoch.

    Raises:
        DataError: a trial was never validated.
    """
    found: list[dict[str, Any]] = []
    for values, history in zip(trials, histories, strict=True):
        measured = history.dropna(subset=[METRIC])
        if measured.empty:
            raise DataError(
                f"trial {values}: never validated; expected validation targets in the data, without which nothing "
                "can be chosen"
            )
        # The epoch whose weights are kept (`Trainer.score`).
        best = int(np.lexsort((-measured["ndcg@10"], -measured[METRIC]))[0])
        recall, epoch = float(measured[METRIC].iloc[best]), int(measured["epoch"].iloc[best])
        found.append({"values": values, METRIC: recall, "epoch": epoch})
        log.info("%s: %s %.4f in epoch %d", values, METRIC, recall, epoch)
    first: dict[str, Any] = max(found, key=lambda trial: float(trial[METRIC]))
    return {"chosen": first["values"], METRIC: first[METRIC], "epoch": first["epoch"], "trials": found}
