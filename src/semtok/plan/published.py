"""What a config takes from elsewhere: official files and published models, of the tables and figures that it builds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from semtok.config.encoders import SentenceTransformersEncoder, TimmEncoder
from semtok.config.language_models import HubModel
from semtok.config.scorers import TEXTS
from semtok.config.tokenizers import IDS, encoders_of
from semtok.config.variants import resolve
from semtok.plan.cells import Cell
from semtok.plan.exhibits import Exhibits


class PublishedModel(NamedTuple):
    """Weights that a library downloads where its cache lacks them."""

    library: str
    """sentence-transformers, timm or transformers: each has its own way from a name to where the weights are."""
    name: str
    revision: str = ""
    """A branch, tag or commit; empty: the latest."""


def addresses(exhibits: Exhibits) -> list[str]:
    """Where those official files are published that are not here yet, sorted."""
    config = exhibits.config
    names = {
        name
        for paper in config.papers
        for exhibit in exhibits.built(paper)
        for name in exhibits.datasets(paper, exhibit).values()
    }
    datasets = [config.datasets[name] for name in names]
    files = [file for one in datasets if (one.source or config.source) == "official" for file in one.files]
    return sorted({file.url for file in files if file.url and not Path(exhibits.paths.official, file.path).is_file()})


def models(exhibits: Exhibits) -> list[PublishedModel]:
    """The published models of encoders, recommenders and scorers, sorted."""
    config = exhibits.config
    entries: dict[str, Any] = config.model_dump(mode="json")
    cells = list(_cells(exhibits))
    encoders = {config.untrained.encoder} if cells else set()
    language_models = set()
    for cell in cells:
        section = "scorers" if cell.evidence == "candidates" else "recommenders"
        for run in cell.runs:
            if run.is_untrained:
                continue
            language_models.add(resolve(entries[section], run.recommender, section).get("language_model"))
            if run.tokenizer not in (IDS, TEXTS):
                encoders |= set(encoders_of(resolve(entries["tokenizers"], run.tokenizer, "tokenizers")).values())
    found = set()
    for entry in (config.encoders[name] for name in encoders if name):
        language_models.add(getattr(entry, "language_model", None))
        if isinstance(entry, SentenceTransformersEncoder) and _is_published(entry.model):
            found.add(PublishedModel("sentence-transformers", entry.model))
        elif isinstance(entry, TimmEncoder) and entry.pretrained is True:
            found.add(PublishedModel("timm", entry.model))
    for model in (config.language_models[name] for name in language_models if name):
        if isinstance(model, HubModel):
            found.add(PublishedModel("transformers", model.model, model.revision or ""))
    return sorted(found)


def _cells(exhibits: Exhibits) -> Iterator[Cell]:
    for paper in exhibits.config.papers:
        for exhibit in exhibits.built(paper):
            yield from exhibits.cells(paper, exhibit)


def _is_published(model: str) -> bool:
    """Whether the name is the hub's, and no folder's and no package's."""
    return not model.startswith("package:") and not Path(model).is_dir()
