"""Reading and checking a config: all mistakes at once, before any job starts."""

import os
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from semtok.config.base import exceeds_limits
from semtok.config.messages import explain
from semtok.config.model import Config
from semtok.config.recommenders import OVER_IDS
from semtok.config.tokenizers import IDS, SINGLE
from semtok.config.variants import nearest, parse
from semtok.errors import ConfigError


def read(raw: Mapping[str, Any]) -> tuple[Config | None, list[str]]:
    """The config as typed, frozen values, and its mistakes; None where it has any.

    Args:
        raw: the merged YAML files, as Snakemake hands them over.

    Returns:
        The config, and every mistake in a line: path, value found, what was expected.
    """
    if excess := exceeds_limits(raw):
        return None, [f"config: found {excess}"]
    problems: list[str] = []
    config = None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems += explain(Config, raw, error.errors())
    problems += _references(raw)
    return (None if problems else config), problems


def listing(problems: list[str]) -> str:
    """All mistakes in one message."""
    count = f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}"
    return "\n".join([f"the config has {count}:", *(f"  {problem}" for problem in problems)])


def _references(raw: Mapping[str, Any]) -> list[str]:
    """Names that point to entries which are not there; works on a config that is wrong elsewhere."""
    problems = []
    for name, entry in _entries(raw, "tokenizers"):
        views = entry.get("views")
        named = {role: entry.get(role) for role in SINGLE}
        named |= {f"views.{role}": encoder for role, encoder in (views.items() if isinstance(views, dict) else ())}
        for key, encoder in named.items():
            if isinstance(encoder, str):
                problems += _unknown(raw, "encoders", encoder, f"tokenizers.{name}.{key}")
    if any(name == IDS for name, _ in _entries(raw, "tokenizers")):
        problems.append(f"tokenizers.{IDS}: found an entry; expected none: it is what recommenders over plain ids read")
    for name, entry in _entries(raw, "encoders"):
        recommender = entry.get("recommender")
        if isinstance(recommender, str):
            problems += _unknown(raw, "recommenders", recommender, f"encoders.{name}.recommender")
            problems += _over_codes(raw, recommender, f"encoders.{name}.recommender")
    for name, paper in _entries(raw, "papers"):
        recommender = paper.get("recommender")
        if isinstance(recommender, str):
            problems += _unknown(raw, "recommenders", recommender, f"papers.{name}.recommender")
        by_dataset = paper.get("recommenders_by_dataset")
        for printed, in_place in by_dataset.items() if isinstance(by_dataset, dict) else ():
            for old, new in in_place.items() if isinstance(in_place, dict) else ():
                path = f"papers.{name}.recommenders_by_dataset.{printed}.{old}"
                problems += _unknown_variant(raw, "recommenders", str(old), path)
                problems += _unknown_variant(raw, "recommenders", str(new), path)
        datasets = paper.get("datasets")
        for printed, dataset in datasets.items() if isinstance(datasets, dict) else ():
            if dataset is not None:
                problems += _unknown(raw, "datasets", str(dataset), f"papers.{name}.datasets.{printed}")
    uses_mirror = raw.get("source") == "mirror" or any(
        d.get("source") == "mirror" for _, d in _entries(raw, "datasets")
    )
    mirror = raw.get("mirror")
    if uses_mirror and mirror is None:
        problems.append("mirror: found nothing; expected a folder, since a source is 'mirror' (--config mirror=FOLDER)")
    elif uses_mirror and isinstance(mirror, str) and not os.path.isdir(mirror):
        problems.append(f"mirror: found {mirror!r}; expected an existing folder (--config mirror=FOLDER)")
    return problems


def _entries(raw: Mapping[str, Any], section: str) -> list[tuple[str, dict[str, Any]]]:
    entries = raw.get(section)
    if not isinstance(entries, dict):
        return []
    return [(str(name), entry) for name, entry in entries.items() if isinstance(entry, dict)]


def _over_codes(raw: Mapping[str, Any], recommender: str, path: str) -> list[str]:
    """A mistake where item vectors are sought in a recommender that has none."""
    methods = {name: entry.get("method") for name, entry in _entries(raw, "recommenders")}
    if methods.get(recommender, OVER_IDS[0]) in OVER_IDS:
        return []
    known = [name for name, method in methods.items() if method in OVER_IDS]
    return [
        f"{path}: found {recommender!r}, which reads codes; expected one over item ids{nearest(recommender, known)}"
    ]


def _unknown_variant(raw: Mapping[str, Any], section: str, variant: str, path: str) -> list[str]:
    try:
        return _unknown(raw, section, parse(variant)[0], path)
    except ConfigError as error:
        return [f"{path}: {error}"]


def _unknown(raw: Mapping[str, Any], section: str, name: str, path: str) -> list[str]:
    known = [entry for entry, _ in _entries(raw, section)]
    if name in known:
        return []
    return [f"{path}: found {name!r}; expected an entry of {section}{nearest(name, known)}"]
