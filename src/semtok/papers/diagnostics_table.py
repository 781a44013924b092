"""What the tokenizers and the decoder measured about themselves, beside a table of metrics."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from semtok.files import read_json
from semtok.papers.definition import RankingTable
from semtok.papers.diagnostics import certification, flatten, headlines
from semtok.papers.origin import Origin, heading
from semtok.papers.plan import Cell, Run
from semtok.papers.rendering import Grid, Text

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
    """One row a run and quantity; `stage` is tokenizer (diagnostics.json) or decoder (the facts of decoding)."""
    labels = {row.tokenizer: row.label for row in table.rows}
    rows = []
    for cell in cells:
        for run in cell.runs:
            for stage, paths in (("tokenizer", diagnostics), ("decoder", facts)):
                for quantity, value in flatten(read_json(paths[run])):
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
    """Means over seeds of the quantities that matter most, a row a dataset and method."""
    labels = {row.tokenizer: row.label for row in table.rows}
    found = []
    for cell in cells:
        values = [{**headlines(diagnostics[run]), **certification(facts[run])} for run in cell.runs]
        if values:
            means = pd.DataFrame(values).mean()
            found.append((cell, {str(quantity): float(mean) for quantity, mean in means.items()}))
    shown = list(dict.fromkeys(quantity for _, means in found for quantity in means))
    rows = [
        [Text(cell.dataset), Text(labels[cell.tokenizer]), *(Text(_format(means.get(quantity))) for quantity in shown)]
        for cell, means in found
    ]
    ours = heading({origins[cell.dataset].source for cell, _ in found})
    caption = f"Diagnostics of the tokenizers and of decoding ({ours}), for Table {name.removeprefix('table')}."
    note = (
        "Means over seeds. Collisions are counted on the raw codes, before any suffix. Items of distinct vectors leave"
        " out those of equal text, and the nearest item is the nearest of another vector."
    )
    return Grid(caption, [("Datasets",), ("Methods",), *((q,) for q in shown)], rows, 2, [], "", [note])


def _format(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:,.0f}" if value.is_integer() and value >= 1 else f"{value:.4g}"
