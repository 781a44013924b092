"""What the tokenizers and the decoder measured about themselves, beside a table of metrics."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from semtok.papers.quantities import certification, flatten, headlines
from semtok.papers.rendering import Grid, Text
from semtok.papers.results import Results
from semtok.plan.cells import Cell
from semtok.plan.table_specs import RankingTable
from semtok.plan.untrained import kind_of
from semtok.run.files import read_json

COLUMNS = ["paper", "table", "dataset", "source", "method", "tokenizer", "seed", "stage", "quantity", "value"]
_STAGES = {"tokenizer": "diagnostics", "decoder": "facts"}


def tidy(results: Results) -> pd.DataFrame:
    """One row a run and quantity; `stage` is tokenizer (diagnostics.json) or decoder (the facts of decoding).

    A run without a file (plain item ids have no codes) has no rows of that stage.
    """
    labels = _labels(results)
    rows = []
    for cell in results.cells:
        for run in cell.runs:
            for stage, files in _STAGES.items():
                path = results.files.get(files, {}).get(run)
                for quantity, value in flatten(read_json(path)) if path else ():
                    source = results.origins[cell.dataset].source
                    start = [*results.keys(cell.dataset).values(), source, labels[cell.tokenizer]]
                    rows.append([*start, run.tokenizer, run.seed, stage, quantity, value])
    return pd.DataFrame(rows, columns=COLUMNS)


def grid(results: Results) -> Grid:
    """Means over seeds of the quantities that matter most, one row per dataset and method."""
    labels = _labels(results)
    built = [cell for cell in results.cells if cell.runs and kind_of(cell.tokenizer) == "trained"]
    codes = [_means(results, cell, "diagnostics", headlines) for cell in built]
    decoding = [_means(results, cell, "facts", certification) for cell in built]
    shown = list(dict.fromkeys(quantity for means in [*codes, *decoding] for quantity in means))
    rows = []
    for cell, about_codes, about_decoding in zip(built, codes, decoding, strict=True):
        means = {**about_codes, **about_decoding}
        names = [Text(cell.dataset), Text(labels[cell.tokenizer])]
        rows.append([*names, *(Text(_format(means.get(quantity))) for quantity in shown)])
    ours = results.heading(cell.dataset for cell in built)
    caption = f"Diagnostics of the tokenizers and of decoding ({ours}), for {results.title}."
    note = (
        "Means over seeds. Collisions are counted on the raw codes, before any suffix. Items of distinct vectors leave"
        " out those of equal text, and the nearest item is the nearest of another vector."
    )
    return Grid(caption, [("Datasets",), ("Methods",), *((q,) for q in shown)], rows, 2, [], "", [note])


def _labels(results: Results) -> dict[str, str]:
    return results.spec(RankingTable).labels


def _means(results: Results, cell: Cell, files: str, read: Callable[[Path], dict[str, float]]) -> dict[str, float]:
    """The mean over a cell's runs of each quantity in those of the `files` that there are."""
    paths = results.files.get(files, {})
    means = pd.DataFrame([read(paths[run]) for run in cell.runs if run in paths]).mean()
    return {str(quantity): float(mean) for quantity, mean in means.items()}


def _format(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:,.0f}" if value.is_integer() and value >= 1 else f"{value:.4g}"
