"""What a language model reads and writes of an item: its attributes, as tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import torch
from torch import Tensor

from semtok.config.data import Attributes
from semtok.errors import DataError
from semtok.run.files import read_table, reading

HELD_OUT = 20240911
"""Seed of the one order of items of which the first are held out. Language model and dense tokenizer share it: what is
asked of held-out items must not have been read by the model that the dense tokenizer starts from."""

TokenIds = list[int]


def read_attributes(path: str | Path, attributes: Attributes) -> pd.DataFrame:
    """The attributes' columns of `items.parquet`, in the order of `attributes`; spaces are single, empty is missing.

    Raises DataError where a field is no column, or no item has anything to read.
    """
    with reading(path):
        names = pq.read_schema(path).names
    wanted = [*attributes.content, *attributes.generated]
    if missing := [field for field in wanted if field not in names]:
        raise DataError(
            f"{path}: found no column {', '.join(missing)} among {', '.join(names)}; expected the fields of the "
            "dataset's `attributes`"
        )
    items = read_table(path, columns=wanted)
    for field in wanted:
        text = items[field].astype("string").str.split().str.join(" ")
        items[field] = text.mask(text == "")
    if items[attributes.content].isna().all(axis=None):
        raise DataError(f"{path}: no item has any of {', '.join(attributes.content)}; expected texts to read")
    return items


def held_out(n_items: int, share: float) -> npt.NDArray[np.bool_]:
    """Which items nothing is learned from, [n_items]: those of a smaller share are among those of a larger one."""
    chosen = np.zeros(n_items, dtype=bool)
    chosen[np.random.default_rng(HELD_OUT).permutation(n_items)[: max(1, round(share * n_items))]] = True
    return chosen


@dataclass(frozen=True)
class AttributeAnswer:
    """What is asked of an item, beside others: one of its attributes."""

    task: int
    """Place of the attribute among all, the content's first."""
    tokens: TokenIds
    """` title: Rain in the north`."""
    n_label: int
    """How many of them are the attribute's name, which tells nothing of the item."""


class AttributeTokens:
    """The attributes of all items as tokens of a language model."""

    def __init__(self, items: pd.DataFrame, attributes: Attributes, vocabulary: Any, max_tokens: int | None) -> None:
        """vocabulary: a `tokenizers.Tokenizer`. max_tokens: of an attribute's value, whose rest is cut off."""
        self.fields = [*attributes.content, *attributes.generated]
        self.n_content = len(attributes.content)
        self.labels = {field: encoded(vocabulary, [f" {field_label(field)}"])[0] for field in self.fields}
        self.values = {field: _values(items[field], vocabulary, max_tokens) for field in self.fields}
        self.n_items = len(items)

    def content(self, item: int) -> TokenIds:
        """The attributes that are read, one after the other; nothing for an item that has none of them."""
        return self._of(item, self.fields[: self.n_content])

    def document(self, item: int) -> TokenIds:
        """All attributes, one after the other."""
        return self._of(item, self.fields)

    def answers(self, item: int) -> list[AttributeAnswer]:
        """An answer for each attribute that the item has."""
        return [
            AttributeAnswer(task, [*self.labels[field], *values[item]], len(self.labels[field]))
            for task, (field, values) in enumerate(self.values.items())
            if values[item]
        ]

    def _of(self, item: int, fields: Sequence[str]) -> TokenIds:
        having = [field for field in fields if self.values[field][item]]
        return [token for field in having for token in (*self.labels[field], *self.values[field][item])]


def field_label(field: str) -> str:
    """How an attribute is announced."""
    return f"{field.replace('_', ' ')}:"


def encoded(vocabulary: Any, texts: Sequence[str]) -> list[TokenIds]:
    """The tokens of each text, without special ones."""
    return [found.ids for found in vocabulary.encode_batch(list(texts), add_special_tokens=False)]


def _values(column: pd.Series, vocabulary: Any, max_tokens: int | None) -> list[TokenIds]:
    """The tokens of each item's value; none where it lacks one."""
    # Each text begins with a space, so that it has the same tokens wherever it stands.
    texts = (" " + column.dropna()).unique().tolist()
    known: Mapping[str, TokenIds] = dict(zip(texts, encoded(vocabulary, texts), strict=True))
    return [[] if text is pd.NA else known[f" {text}"][:max_tokens] for text in column]


def padded(rows: Sequence[TokenIds], value: int, where: torch.device) -> Tensor:
    """Rows of unequal length as int64 [n_rows, longest], `value` behind the shorter ones."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows], device=where)
