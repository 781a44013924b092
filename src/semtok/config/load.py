"""Reading and checking a config: all mistakes at once, before any job starts."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from semtok.config.base import exceeds_limits
from semtok.config.encoders import methods_for
from semtok.config.language_encoders import DenseTokenizerEncoder
from semtok.config.messages import explain
from semtok.config.model import Config
from semtok.config.own import is_own
from semtok.config.recommenders import methods
from semtok.config.tokenizers import STORETokenizer


def read_config(raw: Mapping[str, Any]) -> tuple[Config | None, list[str]]:
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
        config = Config.model_validate(raw, context=_known_names(raw))
    except ValidationError as error:
        problems += explain(Config, raw, error.errors())
    problems += _mirror(raw)
    problems += [] if config is None else _dense_tokens(config)
    return (None if problems else config), problems


def listing(problems: list[str]) -> str:
    """All mistakes in one message."""
    count = f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}"
    return "\n".join([f"the config has {count}:", *(f"  {problem}" for problem in problems)])


def _known_names(raw: Mapping[str, Any]) -> dict[str, set[str]]:
    """What `entry_of` looks names up in; also of a config that is wrong elsewhere."""
    names = {
        section: set(_entries(raw, section)) for section in ("datasets", "encoders", "language_models", "recommenders")
    }
    over_ids = [method for method, kind in methods().items() if kind.reads_ids]
    recommenders, encoders = _entries(raw, "recommenders").items(), _entries(raw, "encoders").items()
    # In lists, since a method may be anything yet. Of one's own only their files tell.
    found = {name for name, entry in recommenders if entry.get("method") in over_ids or is_own(entry.get("method"))}
    of_texts = {name for name, entry in encoders if entry.get("method") in methods_for("text")}
    return names | {"recommenders over plain item ids": found, "text encoders": of_texts}


def _entries(raw: Mapping[str, Any], section: str) -> dict[str, dict[str, Any]]:
    entries = raw.get(section)
    if not isinstance(entries, dict):
        return {}
    return {str(name): entry for name, entry in entries.items() if isinstance(entry, dict)}


def _dense_tokens(config: Config) -> Iterator[str]:
    """A clusterer has a code for each dense token of its encoder, and its encoder has such."""
    for name, tokenizer in config.tokenizers.items():
        if not isinstance(tokenizer, STORETokenizer):
            continue
        encoder = config.encoders[tokenizer.encoder]
        if not isinstance(encoder, DenseTokenizerEncoder):
            yield f"tokenizers.{name}.encoder: found {encoder.method}; expected an entry of method dense-tokenizer"
        elif encoder.dense_tokens != tokenizer.n_levels:
            yield (
                f"tokenizers.{name}.n_levels: found {tokenizer.n_levels}; expected the {encoder.dense_tokens} "
                f"dense_tokens of encoders.{tokenizer.encoder}"
            )


def _mirror(raw: Mapping[str, Any]) -> list[str]:
    sources = [raw.get("source"), *(dataset.get("source") for dataset in _entries(raw, "datasets").values())]
    sources += [tokenizer.get("below") for tokenizer in _entries(raw, "tokenizers").values()]
    mirror = raw.get("mirror")
    if "mirror" not in sources or not isinstance(mirror, str | None) or (mirror and os.path.isdir(mirror)):
        return []
    found = "nothing" if mirror is None else repr(mirror)
    expected = "expected an existing folder, since a `source` or a `below` is 'mirror' (--config mirror=FOLDER)"
    return [f"mirror: found {found}; {expected}"]
