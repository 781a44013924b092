"""What the tokenizers and the decoder measured about themselves, beside a table of metrics."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from semtok.papers.diagnostics import certification, flatten, headlines
from semtok.papers.origin import Origin, heading
from semtok.papers.rendering import Grid, Text
from semtok.plan.cells import Cell, Run
from semtok.plan.definition import RankingTable
from semtok.run.files import read_json

COLUMNS = ["paper", "table", "dataset", "source", "method", "tokenizer", "seed", "stage", "quantity", "value"]


def tidy(
    paper: str,
    name: str,
    table: RankingTable,
    cells: Sequence[Cell],
    origins: Mapping[str, Origin],
    diagnostics: Mapping[Run, str | Path],
    facts: Mapping[Run, str | Path],
) -> pd.DataFrame:
    """One row a run and quantity; `stage` is tokenizer (diagnostics.json) or decoder (the facts of decoding).

    A run without a file (plain item ids have no codes) has no rows of that stage.
    """
    labels = {row.tokenizer: row.label for row in table.rows}
    rows = []
    for cell in cells:
        for run in cell.runs:
            for stage, paths in (("tokenizer", diagnostics), ("decoder", facts)):
                for quantity, value in flatten(read_json(paths[run])) if run in paths else ():
                    start = [paper, name, cell.dataset, origins[cell.dataset].source, labels[cell.tokenizer]]
                    rows.append([*start, run.tokenizer, run.seed, stage, quantity, value])
    return pd.DataFrame(rows, columns=COLUMNS)


def grid(
    name: str,
    table: RankingTable,
    cells: Sequence[Cell],
    origins: Mapping[str, Origin],
    diagnostics: Mapping[Run, str | Path],
    facts: Mapping[Run, str | Path],
) -> Grid:
    """Means over seeds of the quantities that matter most, one row per dataset and method."""
    labels = {row.tokenizer: row.label for row in table.rows}
    built = [cell for cell in cells if cell.runs]
    codes = [_means(cell.runs, diagnostics, headlines) for cell in built]
    decoding = [_means(cell.runs, facts, certification) for cell in built]
    shown = list(dict.fromkeys(quantity for means in [*codes, *decoding] for quantity in means))
    rows = []
    for cell, about_codes, about_decoding in zip(built, codes, decoding, strict=True):
        means = {**about_codes, **about_decoding}
        names = [Text(cell.dataset), Text(labels[cell.tokenizer])]
        rows.append([*names, *(Text(_format(means.get(quantity))) for quantity in shown)])
    ours = heading({origins[cell.dataset].source for cell in built})
    caption = f"Diagnostics of the tokenizers and of decoding ({ours}), for Table {name.removeprefix('table')}."
    note = (
        "Means over seeds. Collisions are counted on the raw codes, before any suffix. Items of distinct vectors leave"
        " out those of equal text, and the nearest item is the nearest of another vector."
    )
    return Grid(caption, [("Datasets",), ("Methods",), *((q,) for q in shown)], rows, 2, [], "", [note])


def _means(
    runs: Sequence[Run], paths: Mapping[Run, str | Path], read: Callable[[str | Path], dict[str, float]]
) -> dict[str, float]:
    means = pd.DataFrame([read(paths[run]) for run in runs if run in paths]).mean()
    return {str(quantity): float(mean) for quantity, mean in means.items()}


def _format(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:,.0f}" if value.is_integer() and value >= 1 else f"{value:.4g}"
