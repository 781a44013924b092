"""The config and the papers' definitions, checked together before any job starts."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from semtok.config.load import listing, read
from semtok.config.model import Config
from semtok.config.recommenders import Recommender
from semtok.config.tokenizers import Tokenizer
from semtok.config.variants import resolve
from semtok.errors import ConfigError
from semtok.papers import plan
from semtok.papers.definition import Paper, load


def check(raw: Mapping[str, Any], definitions: Path) -> tuple[Config, dict[str, Paper]]:
    """The typed config, and the definition of each of its papers.

    Args:
        raw: the merged YAML files, as Snakemake hands them over.
        definitions: the folder that holds PAPER.yaml for each paper.

    Raises:
        ConfigError: lists every mistake of the config and the definitions, one a line.
    """
    config, problems = read(raw)
    papers: dict[str, Paper] = {}
    for name in raw.get("papers") or {}:
        try:
            papers[str(name)] = load(definitions / f"{name}.yaml")
        except ConfigError as error:
            problems += str(error).splitlines()
    if config is not None and not problems:
        entries = config.model_dump(mode="json")
        for name, paper in papers.items():
            problems += plan.problems(paper, config.papers[name], name) or _variants(entries, config, name, paper)
    if problems or config is None:
        raise ConfigError(listing(problems))
    return config, papers


def _variants(entries: dict[str, Any], config: Config, name: str, paper: Paper) -> Iterator[str]:
    """Mistakes in the variants that a paper names, and in its beam."""
    built = config.papers[name]
    tokenizers = {
        cell.tokenizer
        for place in [*built.tables, *built.figures]
        for cell in plan.cells(paper, built, place, config.seeds, entries["tokenizers"])
        if cell.runs
    }
    for tokenizer in sorted(tokenizers):
        yield from _invalid(Tokenizer, entries["tokenizers"], tokenizer, "tokenizers")
    mistakes = list(_invalid(Recommender, entries["recommenders"], built.recommender, "recommenders"))
    yield from mistakes
    if mistakes:
        return
    beam_size = resolve(entries["recommenders"], built.recommender, "recommenders")["decoding"]["beam_size"]
    widest = max(plan.cutoffs(paper, [*built.tables, *built.figures]), default=0)
    if beam_size < widest:
        yield (
            f"recommenders.{built.recommender}.decoding.beam_size: found {beam_size}; "
            f"expected at least {widest}, the largest k of papers.{name}"
        )


def _invalid(kind: Any, entries: dict[str, Any], variant: str, section: str) -> Iterator[str]:
    try:
        TypeAdapter(kind).validate_python(resolve(entries, variant, section))
    except ConfigError as error:
        yield str(error)
    except ValidationError as error:
        for mistake in error.errors():
            path = ".".join(str(step) for step in mistake["loc"][1:] or mistake["loc"])
            yield f"{section}.{variant}: {path}: found {mistake['input']!r}; {mistake['msg']}"
