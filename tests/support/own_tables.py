"""Interactions and items of a small made-up world, as tables in every form that a user may bring."""

import gzip
import json
from functools import cache
from pathlib import Path

import pandas as pd

from semtok.config.data import Synthetic
from semtok.data.world import World, make_world

WORLD = Synthetic(users=40, items=60, mean_length=10, categories=4, seed=1)
FORMS = ("csv", "csv.gz", "tsv", "atomic", "jsonl", "jsonl.gz", "parquet")
ATOMIC = {"user_id": "token", "item_id": "token", "timestamp": "float", "title": "token_seq", "brand": "token"}


@cache
def _world() -> World:
    return make_world(WORLD, revisits=False)


def own_interactions() -> pd.DataFrame:
    world = _world()
    return pd.DataFrame(
        {
            "user_id": [f"u{user}" for user in world.event_user],
            "item_id": world.event_item + 100,
            "timestamp": world.event_time,
        }
    )


def own_items() -> pd.DataFrame:
    world = _world()
    return pd.DataFrame(
        {
            "item_id": pd.RangeIndex(100, 100 + WORLD.items),
            # A comma, quotes and an end of line, which every form must bring through.
            "title": [f'{title}, the "best"\nof all' for title in world.title],
            "brand": world.maker_name,
        }
    )


def write_table(table: pd.DataFrame, folder: Path, name: str, form: str) -> Path:
    """`table` as `name` with the ending of its form; atomic files are `.inter` and `.item`."""
    folder.mkdir(parents=True, exist_ok=True)
    if form == "atomic":
        path = folder / f"{name}.{'inter' if name == 'interactions' else 'item'}"
        typed = table.rename(columns=lambda column: f"{column}:{ATOMIC[column]}").replace("\n", " ", regex=True)
        rows = [typed.columns, *typed.astype(str).to_numpy()]
        path.write_text("".join("\t".join(row) + "\n" for row in rows))
        return path
    path = folder / f"{name}.{form}"
    if form == "parquet":
        table.to_parquet(path, index=False)
        return path
    if form.startswith("jsonl"):
        text = "".join(json.dumps(row) + "\n" for row in table.to_dict("records"))
    else:
        text = table.to_csv(index=False, sep="\t" if form == "tsv" else ",")
    path.write_bytes(gzip.compress(text.encode()) if form.endswith(".gz") else text.encode())
    return path
