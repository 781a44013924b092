"""A config for one's own data: looks at the files, says what it found, and writes a config that runs as it is.

    semtok new-dataset interactions.csv items.csv

Run in the project's folder. The config is laid over config/config.yaml:

    snakemake --configfile NAME.yaml
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from semtok.config.data import Filters
from semtok.config.tables import InteractionTable
from semtok.data.dataset_statistics import statistics
from semtok.data.filters import apply_filters
from semtok.data.guess import interactions_of, items_of
from semtok.data.prepare import MAX_UNLISTED_SHARE
from semtok.data.raw import Events, RawFile, collect
from semtok.data.readers import table
from semtok.data.report import FileReport, Report
from semtok.errors import ConfigError, DataError, SemtokError
from semtok.plan.check import check
from semtok.run.files import write_text

DEMO = Path("config/config.yaml")
PAPERS = Path("config/papers")
PLACE = "own"
"""The definition in config/papers whose tables show own data."""
EVERYDAY = {"interactions", "ratings", "reviews", "events", "clicks", "data", "train", "views"}
"""Names of files that say nothing; the folder's is taken."""
MINIMA = ((5, 5), (3, 1))
"""Of interactions of a user and of an item, the usual first: what leaves most of the data is taken."""
MIN_KEPT = 0.5
NO_FIGURES = {"figures": [], "sweep_seeds": [0]}
TARGETS = 300_000
"""How many targets a generator learns from, over its epochs: minutes of a core."""


@dataclass(frozen=True)
class Found:
    """What stands in a user's files."""

    files: list[RawFile]
    events: Events
    items: pd.DataFrame
    """Of those in interactions, by raw id."""
    texts: list[str]
    """Names of the columns of texts."""
    report: Report

    def share_with(self, columns: Sequence[str]) -> float:
        """Which part of the items has one of these columns."""
        return float(self.items[list(columns)].replace("", None).notna().any(axis=1).sum()) / len(self.events.items)

    @property
    def without_text(self) -> str:
        """Whether items without texts are so few that they can be left out."""
        return "drop" if self.texts and self.share_with(self.texts) >= 1 - MAX_UNLISTED_SHARE else "keep"


def look(interactions: Path, items: Path | None, given: Mapping[str, Any]) -> Found:
    """Guess what the columns are, and read the files as the workflow will."""
    first = interactions_of(interactions, given)
    files, texts = [RawFile(interactions, table=first)], list[str]()
    if items is not None:
        second, texts = items_of(items, first.item, given)
        files.append(RawFile(items, table=second))
    report = Report()
    events = collect(table.read_interactions(files, report))
    if not len(events.item):
        raise DataError(
            f"{interactions}: no interaction is left; expected a lower --min-rating than {given['min_rating']}"
        )
    described = pd.concat(table.read_items(files, events.items, report)).drop_duplicates("raw_id").set_index("raw_id")
    n_unlisted = int(np.isin(events.item, np.flatnonzero(~events.items.isin(described.index))).sum())
    if n_unlisted > MAX_UNLISTED_SHARE * len(events.item):
        raise DataError(
            f"{items}: {n_unlisted} of {len(events.item)} interactions have items that it does not list, such as "
            f"{list(events.items.difference(described.index)[:3])}; expected the same ids in both files: --item COLUMN "
            "of the one and --id COLUMN of the other"
        )
    return Found(files, events, described, texts, report)


def minima_of(events: Events) -> tuple[int, int, Events]:
    """The minima that the data can do with, and what they leave."""
    order = np.lexsort((events.timestamp, events.user))
    user, item, timestamp = events.user[order], events.item[order], events.timestamp[order]
    for of_user, of_item in MINIMA:
        filters = Filters.model_validate(_filters(of_user, of_item, "keep"))
        rows = apply_filters(user, item, timestamp, filters, Counter())
        if len(rows) >= MIN_KEPT * len(order):
            break
    if not len(rows):
        raise DataError(f"no user has {of_user} interactions; expected some whose last two can be held out")
    kept = Events(user[rows], item[rows], timestamp[rows], events.users, events.items)
    return of_user, of_item, kept


def config_of(name: str, found: Found, folder: Path) -> dict[str, Any]:
    """A config to be laid over the demo's: the dataset, and a training of minutes for the rows of `own`'s tables.

    Args:
        name: of the dataset, and of its folder of results.
        found: what stands in the files.
        folder: above all of the files.
    """
    of_user, of_item, kept = minima_of(found.events)
    n_items = len(np.unique(kept.item))
    codebook = {"codebook_size": 256 if n_items >= 2000 else 64 if n_items >= 200 else 16}
    # Without texts, codes are made of who interacts with what.
    vectors = {} if found.texts else {"encoder": "als"}
    epochs = int(np.clip(TARGETS // len(kept.user), 2, 30))
    papers: dict[str, Any] = {paper: {"tables": [], "figures": []} for paper in _demo()["papers"]}
    model = {"d_model": 128, "d_ff": 512, "n_heads": 4, "d_kv": 32}
    training = {"epochs": epochs, "validation_every": max(1, epochs // 4), "validation_users": 500}
    return {
        "source": "mirror",
        "mirror": str(folder),
        "results": f"results/{name}",
        "datasets": {
            name: {
                "reader": "table",
                "files": [_file(file, folder) for file in found.files],
                "text_fields": found.texts,
                "filters": _filters(of_user, of_item, found.without_text),
                "split": {"method": "leave-one-out"},
            }
        },
        "tokenizers": {
            "random": codebook,
            **{one: {**vectors, **codebook, "steps": 1000} for one in ("rqvae", "cost")},
        },
        "recommenders": {
            "tiger": {"max_items": 20, "model": model, "training": training},
            "sasrec": {"training": {"epochs": epochs, "validation_every": max(1, epochs // 4), "batch_size": 64}},
        },
        "untrained": {"encoder": "tfidf" if found.texts else None},
        "papers": papers
        | {PLACE: {"recommender": "tiger", "datasets": {PLACE: name}, "tables": ["table1", "table2"], **NO_FIGURES}},
    }


def as_text(name: str, config: Mapping[str, Any]) -> str:
    """The config as YAML, with what one may want to change."""
    body = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    return (
        "# Written by `semtok new-dataset`, to be changed; every option is in docs/options.md.\n"
        f"#   snakemake --configfile {name}.yaml\n"
        "# The trainings are small, minutes on a core. For numbers to rely on: more steps and epochs, several `seeds`\n"
        "# and, as text encoder, sentence vectors (`encoder: minilm`) where the extra `offline-text` is installed.\n"
        f"{body}"
    )


def checked(config: Mapping[str, Any]) -> None:
    """ConfigError where the config, laid over the demo's, does not pass."""
    from snakemake.utils import update_config

    whole = _demo()
    update_config(whole, config)
    check(whole, PAPERS)


def _demo() -> dict[str, Any]:
    try:
        found: dict[str, Any] = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{DEMO}: {error.strerror}; expected to be run in the project's folder") from error
    return found


def _filters(of_user: int, of_item: int, without_text: str) -> dict[str, Any]:
    return {
        "without_text": without_text,
        "duplicates": "keep",
        "min_user_length": of_user,
        "min_item_count": of_item,
        "max_user_length": None,
        "last_interactions": None,
    }


def _file(file: RawFile, folder: Path) -> dict[str, Any]:
    """A file's entry; the columns are written out although some may be the defaults."""
    assert file.table is not None
    told = file.table.model_dump(exclude_defaults=True)
    named = {"user", "item", "timestamp"} if isinstance(file.table, InteractionTable) else {"id"}
    told |= {name: getattr(file.table, name) for name in sorted(named)}
    return {"path": file.path.relative_to(folder).as_posix(), "table": {"kind": told.pop("kind"), **told}}


def summary(found: Found) -> str:
    """What was found, in a few lines."""
    events = found.events
    told = [_about(file, report) for file, report in zip(found.files, found.report.files, strict=True)]
    numbers = statistics(events.user, events.item)
    length = numbers["length"]
    told.append(
        f"{numbers['users']:,} users, {numbers['items']:,} items, {numbers['interactions']:,} interactions; a user has "
        f"{length['min']} to {length['max']}, median {length['median']:g}"
    )
    if not found.report.counts["made_up_times"]:
        first, last = (pd.Timestamp(int(time), unit="s") for time in (events.timestamp.min(), events.timestamp.max()))
        told.append(f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}")
    shares = {"text": found.texts, "coordinates": ["latitude"], "a picture": ["image"]}
    for what, columns in shares.items():
        if columns and set(columns) <= set(found.items.columns):
            told.append(f"{found.share_with(columns):.1%} of the items have {what}")
    if low := found.report.counts["ratings_below_the_minimum"]:
        told.append(f"{low:,} ratings below the minimum are left out")
    of_user, of_item, kept = minima_of(events)
    after = statistics(kept.user, kept.item)
    told.append(
        f"with at least {of_user} interactions a user and {of_item} an item: {after['users']:,} users, "
        f"{after['items']:,} items, {after['interactions']:,} interactions"
    )
    return "\n".join(told)


def _about(file: RawFile, report: FileReport) -> str:
    assert file.table is not None
    columns = ", ".join(f"{role} {column}" for role, column in file.table.columns.items())
    if isinstance(file.table, InteractionTable) and file.table.timestamp is not None:
        columns += f" ({file.table.time_format})"
    bad = ", ".join(f"{count} {kind}" for kind, count in report.bad.items())
    return f"{file.path}: {report.rows:,} rows, unusable: {bad or 'none'}\n  {columns}"


def name_of(path: Path) -> str:
    """A name for the dataset: the file's, or its folder's where the file's says nothing."""
    stem = path.name.partition(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", path.resolve().parent.name if stem.lower() in EVERYDAY else stem).strip("-_")


def main(arguments: Sequence[str] | None = None) -> int:
    """Say what was found and write the config; 1 where the files do not tell what they are."""
    try:
        _write(_parser().parse_args(arguments))
    except (SemtokError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="semtok new-dataset", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "interactions", type=Path, help="a table of interactions: CSV, TSV, .inter, JSON lines, Parquet"
    )
    parser.add_argument("items", type=Path, nargs="?", help="a table of the items")
    parser.add_argument("--name", help="of the dataset, of its config NAME.yaml and of its folder results/NAME")
    for role in ("user", "item", "rating", "session"):
        parser.add_argument(f"--{role}", metavar="COLUMN", help="of the interactions")
    parser.add_argument("--timestamp", metavar="COLUMN", help="of the interactions; none: rows stand in their order")
    parser.add_argument("--time-format", help="s, ms, us, ns, ISO8601, or a format such as %%d.%%m.%%Y")
    parser.add_argument("--min-rating", type=float, help="with --rating: rows with a lower one are left out")
    for role in ("id", "latitude", "longitude", "image"):
        parser.add_argument(f"--{role}", metavar="COLUMN", help="of the items")
    parser.add_argument(
        "--text", metavar="A,B", type=_names, help="columns of the items that are their texts, in order"
    )
    parser.add_argument("--delimiter", help="of CSV")
    parser.add_argument("--header", metavar="A,B", type=_names, help="names of the columns of interactions without any")
    parser.add_argument("--force", action="store_true", help="write over a config that is there")
    return parser


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _write(arguments: argparse.Namespace) -> None:
    paths = [path.resolve() for path in (arguments.interactions, arguments.items) if path is not None]
    name = arguments.name or name_of(arguments.interactions)
    target = Path(f"{name}.yaml")
    if target.exists() and not arguments.force:
        raise ConfigError(f"{target}: is there already; expected --force, or another --name")
    found = look(paths[0], paths[1] if len(paths) > 1 else None, vars(arguments))
    print(summary(found))
    folder = paths[0].parent if len({path.parent for path in paths}) == 1 else _common(paths)
    config = config_of(name, found, folder)
    checked(config)
    write_text(target, as_text(name, config))
    results = config["results"]
    print(
        f"\nwritten: {target}. What it makes:\n"
        f"  snakemake --configfile {target} -- {results}/data/{name}/stats.json    # the data, in seconds\n"
        f"  snakemake --configfile {target} -- {results}/table2.csv    # a table of rankings\n"
        f"  snakemake --configfile {target}    # all of it; tables to be read: {results}/papers/{PLACE}/"
    )


def _common(paths: Sequence[Path]) -> Path:
    return next(parent for parent in paths[0].parents if all(path.is_relative_to(parent) for path in paths))


if __name__ == "__main__":
    sys.exit(main())
