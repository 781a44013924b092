"""A paper's table of a dense tokenizer's tasks: printed beside the config's, and what was measured of the answers."""

from typing import Any

import pandas as pd

from semtok.papers.quantities import ANOTHER_ITEM, RIGHT, answers
from semtok.papers.rendering import Grid, Text, written
from semtok.papers.results import Results
from semtok.papers.table_files import Table
from semtok.plan.remarks import language_models
from semtok.plan.table_specs import AttributesTable, Tasks

COLUMNS = [
    *("paper", "table", "dataset", "source", "content", "target", "printed", "ours"),
    *("accuracy", "accuracy_of_another_item", "answers", "seeds", "note"),
]
RECONSTRUCTION, GENERATION = "reconstruction", "generation"


def make(results: Results) -> Table:
    """A row a task, as printed and as ours, with the measured accuracies behind it."""
    frame = tidy(results)
    return Table(frame, [grid(results, frame)])


def tidy(results: Results) -> pd.DataFrame:
    """One row a dataset and attribute: its task as printed and as ours, and the accuracy on held-out items, a mean over
    seeds; where there are no runs, `source` says why."""
    table = results.spec(AttributesTable)
    rows: list[dict[str, Any]] = []
    for dataset in table.datasets:
        cell = next(cell for cell in results.cells if cell.dataset == dataset)
        found = [answers(results.files["dense"][run]) for run in cell.runs if run in results.files.get("dense", {})]
        ours = {target: str(measured["task"]) for target, measured in (found[0] if found else {}).items()}
        printed = {} if results.content.about(dataset).replaces else tasks(table.by_dataset[dataset])
        missing = cell.missing or "its tokenizer reads no dense tokens"
        for target in dict.fromkeys([*printed, *ours]):
            measured = [one[target] for one in found if target in one]
            rows.append(
                {
                    **results.keys(dataset),
                    "source": results.origins[dataset].source if found else f"not run: {missing}",
                    "content": ", ".join(name for name, task in (ours or printed).items() if task == RECONSTRUCTION),
                    "target": target,
                    "printed": printed.get(target),
                    "ours": ours.get(target),
                    "accuracy": _mean(measured, RIGHT),
                    "accuracy_of_another_item": _mean(measured, ANOTHER_ITEM),
                    "answers": measured[0]["answers"] if measured else None,
                    "seeds": len(measured),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS).astype({"answers": "Int64", "seeds": "Int64"})


def tasks(of: Tasks) -> dict[str, str]:
    """By attribute, its task."""
    return dict.fromkeys(of.content, RECONSTRUCTION) | dict.fromkeys(of.generated, GENERATION)


def grid(results: Results, frame: pd.DataFrame) -> Grid:
    """The paper's layout, a row a generation target, with the measured accuracies behind it."""
    table = results.spec(AttributesTable)
    ours = results.heading(results.origins)
    columns: list[tuple[str, ...]] = [("", "Dataset"), ("", "Content block"), ("", "Generation target")]
    columns += [("Task", "paper"), ("Task", ours), ("Right tokens", "from its own"), ("Right tokens", "another's")]
    rows: list[list[Text]] = []
    rules: list[int] = []
    notes: list[str] = []
    for dataset, part in frame.groupby("dataset", sort=False):
        rules.append(len(rows))
        for row in part.to_dict("records"):
            accuracies = (row["accuracy"], row["accuracy_of_another_item"])
            texts = [dataset, f"({row['content']})", row["target"], row["printed"], row["ours"]]
            rows.append([Text(written(text)) for text in texts] + [Text(written(value, ".3f")) for value in accuracies])
        notes.append(results.describe(str(dataset)))
    notes.append(
        f"Of {table.tokenizer}: the share of an answer's tokens that are the most likely ones, given those before, on"
        " items that were held out; means over seeds. The paper measures none of it (S-12). From the dense tokens of"
        " another item is what the language model knows of any."
    )
    notes += language_models(results.cells)
    return Grid(results.caption, columns, rows, 3, rules, results.warning(results.origins, "data"), notes)


def _mean(measured: list[dict[str, Any]], key: str) -> float | None:
    values = [one[key] for one in measured if one[key] is not None]
    return sum(values) / len(values) if values else None
