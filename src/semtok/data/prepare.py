"""Raw files to `items.parquet`, `interactions.parquet`, `targets.parquet` and `stats.json`, and to `candidates.parquet`
where impressions are candidates.

What becomes of bad input (docs/data.md has the whole table):

- A damaged or truncated container, a missing file or member, a missing column, and a file of which more than 1% of the
  rows are unusable, are a DataError that names file, line and what was found.
- Isolated unusable rows are left out and counted in stats.json under `files[].parts[].bad`: `wrong_field_count`,
  `undecodable`, `malformed`, `missing_value`, `bad_date`, `bad_rating`, `bad_coordinate`, `bad_impressions`.
- The rest is counted under `counts`: interactions with items that the metadata do not list
  (`interactions_of_unlisted_items`) or list without any of the text fields (`interactions_of_items_without_text`),
  repeated metadata (`duplicate_metadata`, the first is taken), and what each filter and split dropped (`dropped_*`).
"""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from semtok.config.data import HeldOutUsers, Preparation
from semtok.data import READERS
from semtok.data.candidates import candidates, split_of_users
from semtok.data.dataset_statistics import statistics
from semtok.data.filters import apply_filters
from semtok.data.raw import Events, RawFile, Reader, ReaderOfImpressions, collect
from semtok.data.report import Report
from semtok.data.splits import apply_split
from semtok.errors import DataError
from semtok.run import files as output

MAX_UNLISTED_SHARE = 0.1
"""Where more interactions than this have unlisted items, the metadata are not those of the interactions."""


@dataclass(frozen=True)
class Outputs:
    """Where the tables go."""

    items: Path
    interactions: Path
    targets: Path
    stats: Path
    candidates: Path | None = None
    """Of a dataset whose impressions are candidates."""


def prepare_dataset(
    options: Preparation | Mapping[str, Any], source: str, files: Sequence[Path], outputs: Outputs
) -> dict[str, Any]:
    """Read, filter, split and write a dataset; returns the statistics that stats.json holds.

    `options` is a dataset's config, of which only the fields of `Preparation` are looked at; `files` are its raw files
    in the order of `options.files`; `source` is recorded. Raises DataError where the files cannot be used.
    """
    options = _preparation(options)
    raw_files = [RawFile(Path(path), file.member, file.table) for path, file in zip(files, options.files, strict=True)]
    reader = cast(Reader, importlib.import_module(READERS[options.reader]))
    report = Report()
    if outputs.candidates is None:
        events = collect(reader.read_interactions(raw_files, report))
    else:
        events = collect(cast(ReaderOfImpressions, reader).read_histories(raw_files, report))
    items = _first_of_each(reader.read_items(raw_files, events.items, report), report)
    interactions, items, users = _tables(events, items, options, report)
    targets = _targets(interactions)

    if outputs.candidates is not None:
        shown = cast(ReaderOfImpressions, reader).read_impressions(raw_files)
        raw_ids, splits = pd.Index(items["raw_id"]), split_of_users(interactions)
        _write(outputs.candidates, candidates(shown, users, raw_ids, splits, report.counts))
    _write(outputs.items, items)
    _write(outputs.interactions, interactions)
    _write(outputs.targets, targets)
    stats = {
        "source": source,
        "reader": options.reader,
        **statistics(interactions["user"].to_numpy(), interactions["item"].to_numpy()),
        "splits": interactions["split"].value_counts().sort_index().to_dict(),
        "targets": targets["split"].value_counts().sort_index().to_dict(),
        **({"held_out_users": _held_out(interactions)} if isinstance(options.split, HeldOutUsers) else {}),
        "files": _describe(raw_files, report),
        "counts": {key: int(count) for key, count in sorted(report.counts.items())},
    }
    output.write_json(outputs.stats, stats)
    return stats


def _preparation(options: Preparation | Mapping[str, Any]) -> Preparation:
    if isinstance(options, Preparation):
        return options
    return Preparation.model_validate({key: value for key, value in options.items() if key in Preparation.model_fields})


def _first_of_each(chunks: Iterable[pd.DataFrame], report: Report) -> pd.DataFrame:
    """The items by `raw_id`, each as it is listed first; empty text is missing text."""
    found = list(chunks)
    if not found:
        raise DataError("no file describes items; Amazon's are named meta_*")
    items = pd.concat(found, ignore_index=True)
    repeated = items["raw_id"].duplicated()
    report.counts["duplicate_metadata"] = int(repeated.sum())
    items = items[~repeated].set_index("raw_id")
    text = items.columns.difference(["latitude", "longitude"])
    for column in text:
        stripped = items[column].astype("string").str.strip()
        items[column] = stripped.mask(stripped == "")
    return items


def _tables(
    events: Events, items: pd.DataFrame, options: Preparation, report: Report
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Index]:
    """Interactions and items that stay, under their final numbers, and the raw ids of the users by number."""
    order = np.lexsort((events.timestamp, events.user))
    order = order[_usable(events, items, options, report)[events.item[order]]]
    columns = events.user[order], events.item[order], events.timestamp[order]
    order = order[apply_filters(*columns, options.filters, report.counts)]
    user, item, timestamp = events.user[order], events.item[order], events.timestamp[order]
    split = apply_split(user, item, timestamp, options.split, report.counts)
    kept = split != ""
    if not (split == "train").any():
        raise DataError(f"no interaction is left to train on after filters and split; counts: {dict(report.counts)}")
    user, item, timestamp, split = user[kept], item[kept], timestamp[kept], split[kept]
    item_codes, item_rows = np.unique(item, return_inverse=True)
    user_codes, user_rows = np.unique(user, return_inverse=True)
    interactions = pd.DataFrame(
        {
            "user": user_rows.astype(np.int32),
            "item": item_rows.astype(np.int32),
            "timestamp": timestamp,
            "split": _strings(split),
        }
    )
    raw_ids = events.items[item_codes]
    described = items.reindex(raw_ids).reset_index(drop=True)
    described.insert(0, "item", np.arange(len(raw_ids), dtype=np.int32))
    described.insert(1, "raw_id", raw_ids.astype("string"))
    if "image" in described and described["image"].isna().all():
        del described["image"]
    return interactions, described, events.users[user_codes]


def _strings(labels: npt.NDArray[np.str_]) -> pd.Series:
    """A column of few distinct texts, without a Python object a row."""
    distinct, codes = np.unique(labels, return_inverse=True)
    return pd.Series(pd.array(distinct.tolist(), dtype="string").take(codes))


def _usable(events: Events, items: pd.DataFrame, options: Preparation, report: Report) -> npt.NDArray[np.bool_]:
    """Mask over item codes; counts the interactions whose item is unlisted or has no text."""
    missing_fields = set(options.text_fields) - set(items.columns)
    if missing_fields:
        raise DataError(
            f"text_fields: {sorted(missing_fields)} are not among what reader {options.reader} finds: "
            f"{sorted(items.columns)}"
        )
    times_used = np.bincount(events.item, minlength=len(events.items))
    listed = events.items.isin(items.index)
    with_text = events.items.isin(items.index[items[options.text_fields].notna().any(axis=1)])
    n_unlisted = int(times_used[~listed].sum())
    report.counts["interactions_of_unlisted_items"] = n_unlisted
    report.counts["interactions_of_items_without_text"] = int(times_used[listed & ~with_text].sum())
    if n_unlisted > MAX_UNLISTED_SHARE * len(events.item):
        examples = list(events.items[~listed][:5])
        raise DataError(
            f"{n_unlisted} of {len(events.item)} interactions have items that the metadata do not list "
            f"(at most {MAX_UNLISTED_SHARE:.0%} may), such as {examples}: do the files belong together?"
        )
    return with_text if options.filters.without_text == "drop" else np.ones(len(listed), dtype=bool)


def _targets(interactions: pd.DataFrame) -> pd.DataFrame:
    """Held-out interactions that have a history, and how long it is."""
    position = interactions.groupby("user").cumcount()
    held_out = interactions["split"].isin(["valid", "test"]) & (position > 0)
    targets = interactions.loc[held_out, ["user", "item", "split"]].reset_index(drop=True)
    targets.insert(0, "target", np.arange(len(targets), dtype=np.int32))
    targets["position"] = position[held_out].to_numpy(dtype=np.int32)
    return targets


def _held_out(interactions: pd.DataFrame) -> dict[str, int]:
    """How many users are held out whole."""
    splits = split_of_users(interactions)
    return {name: int((splits == name).sum()) for name in ("valid", "test")}


def _write(path: Path, table: pd.DataFrame) -> None:
    with output.atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)


def _describe(raw_files: Sequence[RawFile], report: Report) -> list[dict[str, Any]]:
    """Name, checksum and row counts of each raw file; the folder is left out, it says nothing about the data."""
    return [
        {
            "name": file.path.name,
            "sha256": output.sha256(file.path),
            "parts": [
                {"member": part.member, "rows": part.rows, "bad": dict(sorted(part.bad.items()))}
                for part in report.files
                if part.path == file.path
            ],
        }
        for file in raw_files
    ]
