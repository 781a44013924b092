"""The item vectors of a recommender over plain ids, as collaborative vectors (LETTER: SASRec's)."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from safetensors import safe_open

from semtok.config.encoders import RecommenderItemsEncoder
from semtok.errors import DataError
from semtok.run.files import reading

log = logging.getLogger(__name__)

ITEM_VECTORS = "item.weight"
"""The parameter of the recommender that holds a vector an item."""


def encode_items(
    options: RecommenderItemsEncoder, model: str | Path, interactions: pd.DataFrame
) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """The item vectors in `model` (a `model.safetensors`): float32 [n_items, dim], and the facts about them.

    Nothing is known of an item without a `train` record: its row is NaN, whatever the recommender holds there. Raises
    DataError where the file has no item vectors or is of another catalogue.
    """
    with reading(model), safe_open(model, framework="numpy") as weights:
        if ITEM_VECTORS not in weights.keys():  # noqa: SIM118 (a handle, which cannot be asked otherwise)
            raise DataError(f"{model}: found no {ITEM_VECTORS}; expected a recommender over plain item ids")
        vectors = weights.get_tensor(ITEM_VECTORS).astype(np.float32)
    n_items = int(interactions["item"].max()) + 1
    if len(vectors) != n_items:
        raise DataError(
            f"{model}: found vectors of {len(vectors)} items; expected those of the {n_items} of this dataset"
        )
    train_items = interactions.loc[interactions["split"] == "train", "item"]
    learned = np.isin(np.arange(n_items), train_items)
    vectors[~learned] = np.nan
    facts = {
        "method": options.method,
        "recommender": options.recommender,
        "seed": options.seed,
        "items": n_items,
        "items_without_train_record": int((~learned).sum()),
        "dimensions": int(vectors.shape[1]),
        "mean_norm": float(np.linalg.norm(vectors[learned], axis=1).mean()),
    }
    log.info("item vectors: %s", facts)
    return vectors, facts
