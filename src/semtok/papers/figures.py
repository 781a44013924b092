"""A figure: its files. What is drawn is a matter of its kind (`semtok.papers.FIGURES`)."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from semtok.papers import FIGURES, canvas
from semtok.papers.origin import describe, stand_in
from semtok.papers.results import Results
from semtok.plan.cells import remarks


def make_figure(results: Results, csv: Path, pictures: Sequence[Path]) -> None:
    """Write a figure's numbers (tidy) and its pictures (.svg or .pdf); the same input gives the same bytes."""
    kind = import_module(FIGURES[results.content.figure(results.name).kind])
    with canvas.style():
        frame, drawn = kind.draw(results)
        canvas.write(drawn, frame, csv, pictures)


def about(results: Results, shown: Sequence[str]) -> list[str]:
    """What a reader must know about the datasets that are shown, stand-ins first, and about the runs."""
    notes = [stand_in(results.content.about(dataset)) for dataset in shown]
    for dataset in shown:
        if dataset in results.origins:
            users = results.printed.get("table1", results.content.runs_on(dataset), "", "users")
            notes.append(describe(dataset, results.origins[dataset], users.value if users else None))
        note = results.content.about(dataset).note
        notes += [f"{dataset}: {note}"] if note else []
    return [*(note for note in notes if note), *remarks(results.cells)]
