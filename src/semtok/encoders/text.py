"""Items to text vectors: the template, duplicates, missing text and the facts worth recording."""

import logging
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from semtok.config.encoders import EncoderEntry
from semtok.encoders.shards import WHOLE, EncodedShard, Shard, scatter
from semtok.encoders.similarity import CHUNK, mean_pairwise_cosine
from semtok.errors import DataError
from semtok.run.files import read_table, reading

log = logging.getLogger(__name__)


def encode(
    options: EncoderEntry, items: pd.DataFrame, text_fields: Sequence[str], shard: Shard = WHOLE
) -> EncodedShard:
    """Encode the texts of a shard of the items, each distinct one once.

    Returns float32 [n, dim], a row for each of its n items, NaN where it has no text, and the facts that belong beside
    the array: sizes, unique texts, missing items, mean pairwise cosine, and what the method adds.
    """
    codes, unique = distinct_texts(options, items, text_fields)  # (n_items,), (n_unique,)
    # What learns from all texts (TF-IDF) gets them at once.
    batch_size: int = getattr(options, "batch_size", len(unique))
    rows = shard.items(codes, batch_size)  # (n,)
    if not len(rows):
        return EncodedShard.empty()
    codes = codes[rows]
    chosen = np.unique(codes[codes >= 0])  # (m,)
    log.info("shard %d of %d: %d of %d texts", shard.number, shard.count, len(chosen), len(unique))
    texts = unique.take(pa.array(chosen)).to_pylist()
    encoded, method_facts = import_module(options.module).encode_texts(options, texts)  # (m, dim)
    vectors = scatter(encoded, codes)  # (n, dim)
    facts = {
        "method": options.method,
        "items": len(rows),
        "items_without_text": int((codes < 0).sum()),
        "unique_texts": len(chosen),
        "fields": [field for field in text_fields if field in items.columns],
        "dimensions": int(vectors.shape[1]),
        "mean_pairwise_cosine": mean_pairwise_cosine(vectors),
        **method_facts,
    }
    log.info("text vectors: %s", facts)
    return EncodedShard(rows, vectors, facts)


def distinct_texts(
    options: EncoderEntry, items: pd.DataFrame, text_fields: Sequence[str]
) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """Which of the distinct texts an item has, [n_items], -1 for none; and these, which are to be encoded in order.

    Networks get them by length, longest first, so that a batch has little padding; TF-IDF in order of appearance.
    """
    known = _known_fields(items, text_fields)
    # Arrow holds the texts of a large catalogue without a Python object each.
    chunks = [
        pa.array(item_texts(items.iloc[start : start + CHUNK], known), pa.large_string())
        for start in range(0, len(items), CHUNK)
    ]
    coded = pa.chunked_array(chunks, pa.large_string()).combine_chunks().dictionary_encode()
    unique = coded.dictionary
    if not len(unique):
        raise DataError(f"items: no item has text in any of the fields {', '.join(text_fields)}")
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    if options.scatters:
        order = np.argsort(-pc.utf8_length(unique).to_numpy(), kind="stable")
        rank = np.empty(len(order) + 1, dtype=np.int64)
        rank[order] = np.arange(len(order))
        rank[-1] = -1  # where code -1 looks
        codes, unique = rank[codes], unique.take(pa.array(order))
    return codes, unique


def read_texts(path: Path, text_fields: Sequence[str]) -> pd.DataFrame:
    """The columns of `items.parquet` that the template states; all of them where it has none of these."""
    with reading(path):
        names = pq.read_schema(path).names
    return read_table(path, columns=[field for field in text_fields if field in names] or None)


def item_texts(items: pd.DataFrame, text_fields: Sequence[str]) -> list[str | None]:
    """State the fields that an item has in CoST's template (section 3.1): "Item category: news. Title: Rain.".

    Empty fields, and fields that the dataset does not have, are left out; None for an item with none of them.
    """
    known = _known_fields(items, text_fields)
    columns = [items[field].astype("string").str.split().str.join(" ").fillna("") for field in known]
    labels = [field.replace("_", " ") for field in known]
    return [_state(labels, values) for values in zip(*columns, strict=True)]


def _known_fields(items: pd.DataFrame, text_fields: Sequence[str]) -> list[str]:
    known = [field for field in text_fields if field in items.columns]
    if not known:
        raise DataError(
            f"items: none of the text fields {', '.join(text_fields)} is a column; found {', '.join(items.columns)}"
        )
    if absent := [field for field in text_fields if field not in known]:
        log.warning("the items have no field %s; the texts leave it out", ", ".join(absent))
    return known


def _state(labels: Sequence[str], values: Sequence[str]) -> str | None:
    parts = [f"{label}: {value}." for label, value in zip(labels, values, strict=True) if value]
    if not parts:
        return None
    return " ".join(["Item " + parts[0], *(part[0].upper() + part[1:] for part in parts[1:])])
