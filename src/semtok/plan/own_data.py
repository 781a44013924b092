"""Own data in the place of a paper's dataset: shown under their own name, and beside none of the paper's numbers."""

from collections.abc import Mapping
from typing import Any

from semtok.config.papers import PaperConfig
from semtok.plan.cells import Entries
from semtok.plan.claim_specs import JointClaim
from semtok.plan.definition import DatasetNote, Definition

_OF_DATASETS = {"dataset", "datasets", "blocks", "by_dataset", "larger", "smaller"}
"""Keys of a definition below which printed names of datasets stand."""


def with_own_data(paper: Definition, config: PaperConfig, datasets: Entries) -> tuple[Definition, PaperConfig]:
    """The definition and its section of the config, with every dataset that is run on own data renamed.

    An entry of the config is the paper's dataset where it is made of no other files than the definition lists
    (`datasets: MIND: files`), in their official format (`reader`). Any other is own data. Its name is the entry's, for
    which nothing is printed; captions, notes and claims say in whose place it stands.

    Args:
        paper: the definition.
        config: the paper's section of the config.
        datasets: the config's `datasets`, as plain values.
    """
    own = _names(paper, config, datasets)
    if not own:
        return paper, config
    runs_on = {name: paper.runs_on(dataset) for dataset, name in own.items()}
    content = _renamed(paper.model_dump(mode="json", exclude_unset=True), own)
    notes = {name: note for name, note in content.get("datasets", {}).items() if name not in own.values()}
    note = "own data in the place of {}; none of the paper's numbers are about them."
    # What the definition says of its dataset holds for no other; of a place for own data it says it of them.
    content["datasets"] = notes | {
        name: {"replaces": dataset, "note": about.note if about.is_own else note.format(dataset)}
        for (dataset, name), about in zip(own.items(), map(paper.about, own), strict=True)
    }
    own = {dataset: name for dataset, name in own.items() if not paper.about(dataset).is_own}
    for name, exhibit in {**content["tables"], **content["figures"]}.items():
        exhibit["caption"] += _aside(own, paper.shown_in(name))
    for claim, values in zip(paper.claims, content["claims"], strict=True):
        if isinstance(claim, JointClaim):
            for part, below in zip(claim.parts, values["parts"], strict=True):
                below["statement"] += _aside(own, part.datasets)
        else:
            values["statement"] += _aside(own, claim.datasets)
    return Definition.model_validate(content), config.model_copy(
        update={
            "datasets": config.datasets | {name: config.datasets[dataset] for name, dataset in runs_on.items()},
            "lacking": config.lacking | _copied(config.lacking, runs_on),
            "recommenders_by_dataset": config.recommenders_by_dataset
            | _copied(config.recommenders_by_dataset, runs_on),
        }
    )


def _names(paper: Definition, config: PaperConfig, datasets: Entries) -> dict[str, str]:
    """What the paper's datasets are called that are run on own data."""
    exhibits = [*paper.tables, *paper.figures]
    printed = dict.fromkeys(dataset for name in exhibits for dataset in paper.shown_in(name))
    own: dict[str, str] = {}
    for dataset in printed:
        entry = config.stand_ins.get(paper.runs_on(dataset))
        about = paper.about(paper.runs_on(dataset))
        if entry is None or about.is_world or _is_the_paper_s(datasets[entry], about):
            continue
        taken = entry in own.values() or (entry in printed and not paper.about(dataset).is_own)
        own[dataset] = f"{entry} (own, for {dataset})" if taken else entry
    return own


def _is_the_paper_s(entry: Mapping[str, Any], about: DatasetNote) -> bool:
    """Whether an entry has no other files than the paper's, read as what they are: a name alone is soon the same."""
    return entry["reader"] == about.reader and _files(entry) <= set(about.files)


def _files(entry: Mapping[str, Any]) -> set[str]:
    """The names of an entry's raw files up to the first dot, wherever they lie and however they are packed."""
    return {(file["member"] or file["path"].rpartition("/")[2]).partition(".")[0] for file in entry["files"]}


def _renamed(value: Any, names: Mapping[str, str], inside: bool = False) -> Any:
    """Plain values with the names of datasets replaced, below the keys where they stand."""
    if isinstance(value, dict):
        return {
            names.get(key, key) if inside else key: _renamed(below, names, inside or key in _OF_DATASETS)
            for key, below in value.items()
        }
    if isinstance(value, list):
        return [_renamed(below, names, inside) for below in value]
    return names.get(value, value) if inside and isinstance(value, str) else value


def _aside(own: Mapping[str, str], shown: list[str]) -> str:
    """What a caption or statement must add; empty where no own data are shown."""
    parts = [f"{own[dataset]} in the place of {dataset}" for dataset in shown if dataset in own]
    return f" Own data: {', '.join(parts)}." if parts else ""


def _copied(values: Mapping[str, Any], runs_on: Mapping[str, str]) -> dict[str, Any]:
    return {name: values[dataset] for name, dataset in runs_on.items() if dataset in values}
