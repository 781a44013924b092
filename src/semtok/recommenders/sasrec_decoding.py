"""Trained SASRec to the ranks of all items."""

import logging
import time
from collections.abc import Mapping

import numpy as np
import pandas as pd
from torch import Tensor

from semtok.config.recommenders import SASRec
from semtok.errors import DataError
from semtok.recommenders.full_ranking import Ranked
from semtok.recommenders.sasrec_model import SASRecNetwork
from semtok.recommenders.sasrec_ranking import rank_catalogue
from semtok.recommenders.sequences import Sequences, target_samples
from semtok.run import devices

log = logging.getLogger(__name__)

Facts = dict[str, float | int]


def decode(
    options: SASRec,
    state_dict: Mapping[str, Tensor],
    codes: None,
    interactions: pd.DataFrame,
    targets: pd.DataFrame,
    seed: int,
) -> tuple[pd.DataFrame, Facts]:
    """Ranks of the test targets (the columns of ranks.parquet) and facts about the ranking.

    There are no `codes`, and nothing is drawn, so that `seed` is not used. Every item of the catalogue is ranked, those
    of the history too, so that every target has a rank, whether `top` reaches it or not. Facts: `scored_items`;
    `tied_targets`, the share of targets whose rank would be worse if every item of an equal score came first;
    `unlearned_targets`, the share whose item has no train record.
    """
    sequences = Sequences.from_interactions(interactions)
    samples = target_samples(targets, "test", sequences)
    if not len(samples):
        raise DataError("targets: no row of the split test; expected at least one")
    model = SASRecNetwork(options.model, sequences.n_items, options.max_items)
    model.load_state_dict(state_dict)
    model = model.to(devices.device()).eval()
    started = time.monotonic()
    decoding = options.decoding
    ranked = rank_catalogue(model, sequences, samples, options.max_items, decoding.batch_size, decoding.top)
    # Times are logged and no facts: equal runs give equal files.
    log.info("ranked %d items for %d targets in %.0f s", sequences.n_items, len(samples), time.monotonic() - started)
    learned = interactions.loc[interactions["split"] == "train", "item"]
    facts: Facts = {
        "targets": len(samples),
        "scored_items": sequences.n_items,
        "tied_targets": float((ranked.pessimistic > ranked.rank).mean()),
        "unlearned_targets": float((~np.isin(samples.item, learned)).mean()),
    }
    return ranks_table(targets, ranked), facts


def ranks_table(targets: pd.DataFrame, ranked: Ranked) -> pd.DataFrame:
    """A row a test target: its rank among all items, and the best items, best first."""
    table = targets.loc[targets["split"] == "test", ["target", "user", "item"]].reset_index(drop=True).astype("int32")
    table["rank"] = pd.array(ranked.rank, dtype="Int32")
    table["top"] = list(ranked.top.astype(np.int32))
    return table
