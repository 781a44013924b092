"""The config and the papers' definitions, checked together before any job starts."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from semtok.config.data import Dataset
from semtok.config.load import listing, read_config
from semtok.config.messages import explain
from semtok.config.model import PAPER_NAME, Config
from semtok.config.recommenders import RecommenderClass, RecommenderEntry
from semtok.config.scorers import TEXTS, ScorerClass, ScorerEntry
from semtok.config.tokenizers import IDS, TokenizerEntry
from semtok.config.variants import resolve, suggestion
from semtok.errors import ConfigError
from semtok.plan import cells as plan
from semtok.plan.cells import Entries
from semtok.plan.definition import Definition, load
from semtok.plan.spelling import unanswered, unknown_names


def check(raw: Mapping[str, Any], definitions: Path) -> tuple[Config, dict[str, Definition]]:
    """The typed config, and the definition of each of its papers.

    Args:
        raw: the merged YAML files, as Snakemake hands them over.
        definitions: the folder that holds PAPER.yaml for each paper.

    Raises:
        ConfigError: lists every mistake of the config and the definitions, one a line.
    """
    config, problems = read_config(raw)
    papers: dict[str, Definition] = {}
    named = raw.get("papers")
    for name, paper in named.items() if isinstance(named, Mapping) else ():
        # Any other name is one of the config's mistakes already, and might lead out of the folder.
        if paper is None or not isinstance(name, str) or not re.fullmatch(PAPER_NAME, name):
            continue
        try:
            papers[name] = load(definitions / f"{name}.yaml")
        except ConfigError as error:
            problems += str(error).splitlines()
    if config is not None and not problems:
        entries = config.model_dump(mode="json")
        for name, paper in papers.items():
            mistakes = unknown_names(paper, config.papers[name], name)
            mistakes = mistakes or unanswered(paper, config, entries, definitions / f"{name}.yaml")
            problems += mistakes or _variants(entries, config, name, paper)
        problems += _language_models(config)
    if problems or config is None:
        raise ConfigError(listing(problems))
    return config, papers


def _variants(entries: dict[str, Any], config: Config, name: str, paper: Definition) -> Iterator[str]:
    """Mistakes in the variants that a paper names, in what it pairs, and in how many items it has ranked."""
    built = config.papers[name]
    exhibits = [*built.tables, *built.figures]
    sections = (entries["tokenizers"], entries["recommenders"], entries["scorers"])
    planned = [cell for exhibit in exhibits for cell in plan.cells(paper, built, exhibit, config.seeds, *sections)]
    scored = plan.runs(planned, "candidates")
    for scorer in sorted({run.recommender for run in scored}):
        yield from invalid(ScorerEntry, entries["scorers"], scorer, "scorers")
    for tokenizer in sorted({run.tokenizer for run in scored} - {TEXTS}):
        yield from invalid(TokenizerEntry, entries["tokenizers"], tokenizer, "tokenizers")
    for run in scored:
        if config.datasets[run.dataset].impressions != "candidates":
            yield (
                f"papers.{name}: found {run.recommender} on {run.dataset}, which has no candidates to score; expected "
                f"datasets.{run.dataset}.impressions: candidates"
            )
    cells = [cell for cell in planned if cell.evidence != "candidates"]
    pairs = sorted({(run.tokenizer, run.recommender) for run in plan.runs(cells) if not run.is_untrained})
    for tokenizer in sorted({tokenizer for tokenizer, _ in pairs if tokenizer != IDS}):
        yield from invalid(TokenizerEntry, entries["tokenizers"], tokenizer, "tokenizers")
    widest = max(paper.cutoffs(exhibits), default=0)
    for recommender in sorted({built.recommender, *(recommender for _, recommender in pairs)}):
        mistakes = list(invalid(RecommenderEntry, entries["recommenders"], recommender, "recommenders"))
        yield from mistakes
        if mistakes:
            continue
        options = chosen(RecommenderEntry, entries["recommenders"], recommender, "recommenders")
        if options.n_ranked < widest:
            yield (
                f"recommenders.{recommender}.decoding.{options.ranked_by}: found {options.n_ranked}; "
                f"expected at least {widest}, the largest k of papers.{name}"
            )
        for tokenizer in (tokenizer for tokenizer, paired in pairs if paired == recommender):
            yield from incompatible(tokenizer, recommender, options, f"papers.{name}")
        for dataset in sorted({run.dataset for run in plan.runs(cells) if run.recommender == recommender}):
            yield from placeless(dataset, config.datasets[dataset], recommender, options, f"papers.{name}")


def _language_models(config: Config) -> Iterator[str]:
    """What is built on a language model of another architecture than it can read."""
    for section in ("encoders", "recommenders", "scorers"):
        for name, entry in getattr(config, section).items():
            model = getattr(entry, "language_model", None)
            known = getattr(entry, "architectures", ("opt",))
            if model is None:
                continue
            if model not in config.language_models:  # a class of one's own need not have asked
                hint = suggestion(str(model), config.language_models)
                yield f"{section}.{name}.language_model: found {model}; expected an entry of language_models{hint}"
            elif config.language_models[model].architecture not in known:
                yield (
                    f"{section}.{name}.language_model: found {model}, whose architecture is "
                    f"{config.language_models[model].architecture}; expected one of architecture {' or '.join(known)}"
                )


def misread(tokenizer: str, scorer: str, options: ScorerClass, path: str) -> Iterator[str]:
    """The mistake of giving codes to a scorer of texts, or texts to one of codes."""
    if options.reads_codes and tokenizer == TEXTS:
        yield f"{path}: found {tokenizer}/{scorer}, but {options.method} reads codes; expected a tokenizer before it"
    if not options.reads_codes and tokenizer != TEXTS:
        yield f"{path}: found {tokenizer}/{scorer}, but {options.method} reads texts; expected {TEXTS}/{scorer}"


def incompatible(tokenizer: str, recommender: str, options: RecommenderClass, path: str) -> Iterator[str]:
    """The mistake of giving codes to a recommender over plain item ids, or ids to one over codes."""
    found = f"{path}: found {tokenizer}/{recommender}"
    if options.reads_ids and tokenizer != IDS:
        yield f"{found}, but {options.method} ranks plain item ids; expected {IDS}/{recommender}"
    if not options.reads_ids and tokenizer == IDS:
        yield f"{found}, but {options.method} reads codes; expected a recommender over plain item ids"


def placeless(name: str, dataset: Dataset, recommender: str, options: RecommenderClass, path: str) -> Iterator[str]:
    """The mistake of giving a dataset without coordinates and times to a recommender for check-ins."""
    if options.reads_places and not dataset.has_places:
        yield (
            f"{path}: found {recommender} on {name}, but {options.method} reads coordinates and times, which the "
            f"reader {dataset.reader} does not give; expected a dataset of check-ins (reader: foursquare), "
            "or a table of items with latitude and longitude"
        )


def chosen(kind: Any, entries: Entries, variant: str, section: str) -> Any:
    """The typed options of an entry or a variant of it; `kind` is the union of the section's classes."""
    return TypeAdapter(kind).validate_python(resolve(entries, variant, section))


def invalid(kind: Any, entries: Entries, variant: str, section: str) -> Iterator[str]:
    """The mistakes of an entry, or of a variant of it."""
    try:
        chosen(kind, entries, variant, section)
    except ConfigError as error:
        yield str(error)
    except ValidationError as error:
        options = resolve(entries, variant, section)
        yield from (f"{section}.{variant}.{line}" for line in explain(kind, options, error.errors()))
