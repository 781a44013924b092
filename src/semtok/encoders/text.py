"""Items to text vectors: the template, duplicates, missing text and the facts worth recording."""

import logging
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.config.encoders import Encoder
from semtok.encoders import METHODS
from semtok.encoders.similarity import mean_pairwise_cosine
from semtok.errors import DataError

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]


def encode(options: Encoder, items: pd.DataFrame, text_fields: Sequence[str]) -> tuple[Vectors, dict[str, Any]]:
    """Encode the text of every item.

    Returns float32 [n_items, dim], row i being the item of row i and NaN where it has no text, and the facts that
    belong beside the array: sizes, unique texts, missing items, mean pairwise cosine, and what the method adds.
    """
    texts = item_texts(items, text_fields)
    codes, unique = pd.factorize(np.asarray(texts, dtype=object))
    if not len(unique):
        raise DataError(f"items: no item has text in any of the fields {', '.join(text_fields)}")
    encoded, method_facts = import_module(METHODS[options.method]).encode_texts(options, [str(text) for text in unique])
    vectors = np.full((len(items), encoded.shape[1]), np.nan, dtype=np.float32)
    vectors[codes >= 0] = encoded[codes[codes >= 0]]
    facts = {
        "method": options.method,
        "items": len(items),
        "items_without_text": int((codes < 0).sum()),
        "unique_texts": len(unique),
        "fields": [field for field in text_fields if field in items.columns],
        "dimensions": int(encoded.shape[1]),
        "mean_pairwise_cosine": mean_pairwise_cosine(vectors),
        **method_facts,
    }
    log.info("text vectors: %s", facts)
    return vectors, facts


def item_texts(items: pd.DataFrame, text_fields: Sequence[str]) -> list[str | None]:
    """State the fields that an item has in CoST's template (section 3.1): "Item category: news. Title: Rain.".

    Empty fields, and fields that the dataset does not have, are left out; None for an item with none of them.
    """
    known = [field for field in text_fields if field in items.columns]
    if not known:
        raise DataError(
            f"items: none of the text fields {', '.join(text_fields)} is a column; found {', '.join(items.columns)}"
        )
    if absent := [field for field in text_fields if field not in known]:
        log.warning("the items have no field %s; the texts leave it out", ", ".join(absent))
    columns = [items[field].astype("string").str.split().str.join(" ").fillna("") for field in known]
    labels = [field.replace("_", " ") for field in known]
    return [_state(labels, values) for values in zip(*columns, strict=True)]


def _state(labels: Sequence[str], values: Sequence[str]) -> str | None:
    parts = [f"{label}: {value}." for label, value in zip(labels, values, strict=True) if value]
    if not parts:
        return None
    return " ".join(["Item " + parts[0], *(part[0].upper() + part[1:] for part in parts[1:])])
