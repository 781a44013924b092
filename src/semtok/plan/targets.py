"""What is asked for on the command line, checked before Snakemake looks at any file: whatever lies in the results, a
name that nothing makes and a dataset whose files are not there are mistakes."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from semtok.config.model import Config
from semtok.config.recommenders import RecommenderEntry
from semtok.config.scorers import TEXTS, ScorerEntry
from semtok.config.tokenizers import IDS, TokenizerEntry
from semtok.config.variants import canonical, spelled, suggestion
from semtok.errors import SemtokError
from semtok.plan import cells as plan
from semtok.plan.check import incompatible, invalid, misread, placeless
from semtok.plan.definition import Definition
from semtok.plan.stages import Stages
from semtok.run.files import read_json

_IN_WORDS = {"exhibit": "table or figure", "language_model": "language model"}
"""What a wildcard is called in messages."""


def unknown(target: str, known: Collection[str]) -> str:
    """The message for a target that no rule makes; `known` are those that may be meant."""
    close = difflib.get_close_matches(target, known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(close)}?" if close else "`snakemake --list-rules` has the rules"
    return f"{target}: nothing under this config makes it; {hint}"


def mistakes(stages: Stages, papers: Mapping[str, Definition], wildcards: Mapping[str, str]) -> Iterator[str]:
    """Names in a target's path that the config does not have."""
    known: dict[str, Collection[str]] = {
        "dataset": stages.config.datasets,
        "encoder": stages.config.encoders,
        "language_model": stages.config.language_models,
        "paper": papers,
        "exhibit": _exhibits(stages.config, papers, wildcards.get("paper")),
    }
    for key, entries in known.items():
        if key in wildcards and wildcards[key] not in entries:
            what = _IN_WORDS.get(key, key)
            yield f"{wildcards[key]!r} is no {what} that this config has{suggestion(wildcards[key], entries)}"
    tokenizer, recommender = wildcards.get("tokenizer", IDS), wildcards.get("recommender")
    entries = stages.entries
    if tokenizer not in (IDS, TEXTS):
        wrong = list(invalid(TokenizerEntry, entries["tokenizers"], tokenizer, "tokenizers"))
        yield from wrong or _misspelled(tokenizer, canonical(entries["tokenizers"], tokenizer, "tokenizers"))
    if (scorer := wildcards.get("scorer")) is not None:
        wrong = list(invalid(ScorerEntry, entries["scorers"], scorer, "scorers"))
        wrong = wrong or list(_misspelled(scorer, canonical(entries["scorers"], scorer, "scorers")))
        yield from wrong or misread(wildcards.get("tokenizer", TEXTS), scorer, stages.scorer(scorer), "target")
    if recommender is not None:
        wrong = list(invalid(RecommenderEntry, entries["recommenders"], recommender, "recommenders"))
        yield from wrong or _misspelled(recommender, spelled(recommender))
        dataset = stages.config.datasets.get(wildcards.get("dataset", ""))
        if not wrong:
            options = stages.recommender(recommender)
            yield from incompatible(tokenizer, recommender, options, "target")
            if dataset is not None:
                yield from placeless(wildcards["dataset"], dataset, recommender, options, "target")


def _misspelled(variant: str, name: str) -> Iterator[str]:
    """The mistake of a second name for the same run, under which it would be trained again."""
    if variant != name:
        yield f"found {variant}; expected {name}, which is the same run and the one name that tables have for it"


def _exhibits(config: Config, papers: Mapping[str, Definition], asked: str | None) -> Collection[str]:
    """The tables and figures of a paper; without one, the tables of several papers in one, which are those that some
    paper builds."""
    if asked is None:
        return {name for paper in papers for name in config.papers[paper].tables}
    return [*papers[asked].tables, *papers[asked].figures] if asked in papers else ()


def datasets(config: Config, papers: Mapping[str, Definition], wildcards: Mapping[str, str]) -> set[str]:
    """The entries of `datasets` that a target is made of; all that the papers use where it names none."""
    if "dataset" in wildcards or "file" in wildcards:
        return {wildcards["dataset"]} if "dataset" in wildcards else set()
    found: set[str] = set()
    for name, paper in papers.items():
        if wildcards.get("paper", name) != name:
            continue
        built = config.papers[name]
        exhibits = {*built.tables, *built.figures}
        if exhibits or "paper" in wildcards:  # without any, the claims are not judged either unless asked for
            exhibits |= {claim.exhibit for claim in paper.single_claims}
        if "exhibit" in wildcards:
            # Without a paper: a table of all papers that build it.
            of_paper = {*paper.tables, *paper.figures} if "paper" in wildcards else {*built.tables}
            exhibits = {wildcards["exhibit"]} & of_paper
        found |= {entry for exhibit in exhibits for entry in plan.datasets(paper, built, exhibit).values()}
    return found


def unavailable(config: Config, names: Collection[str]) -> Iterator[str]:
    """What the source of these datasets does not have."""
    for name in sorted(names):
        dataset = config.datasets[name]
        source = dataset.source or config.source
        if source == "synthetic" and dataset.reader == "table":
            yield (
                f"datasets.{name}.source: found synthetic; expected mirror, or official where its files have a `url`: "
                "no world is made up for own data"
            )
        elif source == "synthetic" and dataset.synthetic is None:
            yield (
                f"datasets.{name}.synthetic: missing; expected a made-up world, since the source is 'synthetic' "
                "(or source: mirror, or official)"
            )
        missing = [file.path for file in dataset.files if not Path(str(config.mirror), file.path).is_file()]
        if source == "mirror" and missing:
            yield f"datasets.{name}: the mirror {config.mirror} lacks {', '.join(missing)}"


def otherwise_sourced(stages: Stages, names: Collection[str]) -> str:
    """A warning where the folder of results holds these datasets from another source than the config's; else empty."""
    found: dict[str, str] = {}
    for name in sorted(names):
        dataset = stages.config.datasets[name]
        with suppress(
            SemtokError, OSError, KeyError
        ):  # not there yet, or no such file, which is for its readers to say
            source = read_json(stages.paths.stats.format(dataset=name))["source"]
            if source != (dataset.source or stages.config.source):
                found[name] = source
    told = ", ".join(f"{name} ({source})" for name, source in found.items())
    return told and (
        f"{stages.paths.results}: found {told}, whose source is another under this config; they and all that is made "
        "of them are made again there. Expected a folder of its own: --config results=FOLDER"
    )
