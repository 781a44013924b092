"""A figure: what it is made from, and its files. What is drawn is a matter of its kind (`semtok.papers.FIGURES`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from semtok.papers import FIGURES, canvas
from semtok.papers.definition import Paper, load
from semtok.papers.origin import Origin, describe, read_origin, stand_in
from semtok.papers.plan import Cell, Run, remarks
from semtok.papers.printed import Printed, read_printed
from semtok.papers.samples import Uncertainty


@dataclass(frozen=True)
class Material:
    """What a figure is made from."""

    content: Paper
    printed: Printed
    paper: str
    """Its name in the config."""
    name: str
    """Id of the figure."""
    cells: Sequence[Cell]
    inputs: Mapping[str, Mapping[Run, Path]]
    origins: Mapping[str, Origin]
    """Of each dataset that the config has, by printed name."""
    uncertainty: Uncertainty

    def about(self, shown: Sequence[str]) -> list[str]:
        """What a reader must know about the datasets that are shown, stand-ins first, and about the runs."""
        notes = [stand_in(self.content.about(dataset)) for dataset in shown]
        for dataset in shown:
            if dataset in self.origins:
                users = self.printed.get("table1", self.content.runs_on(dataset), "", "users")
                notes.append(describe(dataset, self.origins[dataset], users.value if users else None))
            note = self.content.about(dataset).note
            notes += [f"{dataset}: {note}"] if note else []
        return [*(note for note in notes if note), *remarks(self.cells)]


def make_figure(
    definition: Path,
    printed: Path,
    paper: str,
    name: str,
    cells: Sequence[Cell],
    inputs: Mapping[str, Mapping[Run, Path]],
    stats: Mapping[str, Path],
    uncertainty: Uncertainty,
    csv: Path,
    pictures: Sequence[Path],
) -> None:
    """Write a figure's numbers and its pictures; the same input gives the same bytes.

    Args:
        definition: config/papers/PAPER.yaml.
        printed: the file of printed numbers.
        paper: the paper's name in the config.
        name: id of the figure.
        cells: from `plan.cells`.
        inputs: files of the cells' runs or of their tokenizers, by what the figure's kind reads: `ranks`
            (`ranks.parquet`), `history` (`history.csv`), or `codes` and `model` (`codes.npy`, `model.safetensors`).
        stats: the `stats.json` of each dataset that the config has, by printed name.
        uncertainty: how intervals are made, where there are some.
        csv: output, tidy.
        pictures: outputs, .svg or .pdf.
    """
    content = load(definition)
    origins = {dataset: read_origin(path) for dataset, path in stats.items()}
    material = Material(content, read_printed(printed), paper, name, cells, inputs, origins, uncertainty)
    kind = import_module(FIGURES[content.figure(name).kind])
    with canvas.style():
        frame, drawn = kind.draw(material)
        canvas.write(drawn, frame, csv, pictures)
