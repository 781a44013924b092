"""What the tokenizers and the decoder measured about themselves, beside a table of metrics."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from semtok.files import read_json
from semtok.papers.definition import RankingTable
from semtok.papers.origin import Origin, heading
from semtok.papers.plan import Cell, Run
from semtok.papers.rendering import Grid, Text

COLUMNS = ["paper", "table", "dataset", "source", "method", "tokenizer", "seed", "stage", "quantity", "value"]

SHOWN = {
    "tokenizer": {
        "collision_rate": "collision rate",
        "colliding_item_rate": "colliding items",
        "largest_group": "largest group",
        "neighbour_collision_probability": "P(collision | neighbours)",
        "random_collision_probability": "P(collision | random)",
    },
    "decoder": {"overlap_at_20": "overlap@20"},
}
"""The scalars that the readable table shows, besides each level's perplexity."""


def flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers in a JSON value, each under its path (`levels.0.perplexity`); text, null and NaN are left out."""
    if isinstance(value, bool):
        yield prefix, float(value)
    elif isinstance(value, int | float):
        if value == value:
            yield prefix, float(value)
    elif isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, entry in entries:
            yield from flatten(entry, f"{prefix}.{key}" if prefix else str(key))


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
                if run not in paths:
                    continue
                for quantity, value in flatten(read_json(paths[run])):
                    start = [paper, name, cell.dataset, origins[cell.dataset].source, labels[cell.tokenizer]]
                    rows.append([*start, run.tokenizer, run.seed, stage, quantity, value])
    return pd.DataFrame(rows, columns=COLUMNS)


def grid(name: str, table: RankingTable, frame: pd.DataFrame, origins: Mapping[str, Origin]) -> Grid:
    """Means over seeds of the quantities that matter most, a row a dataset and method."""
    means = frame.groupby(["dataset", "method", "stage", "quantity"], sort=False)["value"].mean()
    quantities = list(dict.fromkeys(zip(frame["stage"], frame["quantity"], strict=True)))
    names = {(stage, key): label for stage, labels in SHOWN.items() for key, label in labels.items()}
    levels = {("tokenizer", f"levels.{i}.perplexity"): f"perplexity {i + 1}" for i in range(len(quantities))}
    shown = [key for key in [*names, *levels] if key in quantities]
    headings = {**names, **levels}
    rows = []
    for dataset in table.datasets:
        for method in [row.label for row in table.rows]:
            values = [means.get((dataset, method, *key)) for key in shown]
            if any(value is not None for value in values):
                rows.append([Text(dataset), Text(method), *(Text(_format(value)) for value in values)])
    ours = heading({origin.source for dataset, origin in origins.items() if dataset in table.datasets})
    note = "Mean over seeds. Collisions are counted on the raw codes, before any suffix."
    columns: list[tuple[str, ...]] = [("Datasets",), ("Methods",), *((headings[key],) for key in shown)]
    caption = f"Diagnostics of the tokenizers and of decoding ({ours}), for Table {name.removeprefix('table')}."
    return Grid(caption, columns, rows, 2, [], "", [note])


def _format(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:,.0f}" if float(value).is_integer() and value >= 1 else f"{value:.4g}"
