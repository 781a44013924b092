"""A figure: its files. What is drawn is a matter of its kind (`semtok.papers.FIGURES`)."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from semtok.papers import FIGURES
from semtok.papers.figures import canvas
from semtok.papers.results import Results
from semtok.plan.figure_specs import TokenizerFigure
from semtok.plan.remarks import remarks


def make_figure(results: Results, csv: Path, files: Sequence[Path]) -> None:
    """Write a figure's numbers (tidy) and its other files (`canvas.write`)."""
    spec = results.content.figure(results.name)
    drawing: canvas.Drawing = import_module(FIGURES[spec.kind]).draw(results)
    # Figures of bars may show several datasets, and say which above every panel.
    title = results.caption
    title = f"{title.rstrip('.')}, {spec.dataset}" if isinstance(spec, TokenizerFigure) else title
    notes = [*_about(results, drawing.datasets), *drawing.notes]
    canvas.write(title, replace(drawing, notes=notes), csv, files)


def _about(results: Results, datasets: Sequence[str]) -> list[str]:
    """What a reader must know about the datasets that are shown, stand-ins first, and about the runs."""
    notes = results.stand_ins(datasets)
    for dataset in datasets:
        notes += [results.describe(dataset)] if dataset in results.origins else []
        notes += results.notes_on([dataset])
    return [*notes, *remarks(results.cells)]
