"""A paper's table of dataset statistics: printed beside ours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from semtok.errors import DataError
from semtok.papers.rendering import Grid, Text
from semtok.papers.results import Results
from semtok.papers.table_files import Table
from semtok.plan.cells import lacking
from semtok.plan.table_specs import StatisticsTable
from semtok.run.files import read_json

COLUMNS = [
    *("paper", "table", "dataset", "source", "statistic", "printed"),
    *("value", "relative_difference", "within_tolerance", "note"),
]
_NAMES = {
    "users": "#User",
    "items": "#Item",
    "interactions": "#Interaction",
    "length_min": "Seq_Len min",
    "length_max": "Seq_Len max",
    "length_mean": "Average",
    "length_median": "Median",
    "sparsity": "Sparsity",
    "train_users": "#Finetune",
    "test_users": "#Test",
    "appearance_mean": "Avg. item appearance",
}


def read_statistics(path: str | Path) -> dict[str, float]:
    """The statistics of a `stats.json`, by name; sparsity in percent, users told apart where some are held out whole.

    Raises:
        DataError: one is missing.
    """
    stats: dict[str, Any] = read_json(path)
    try:
        counts = {name: float(stats[name]) for name in ("users", "items", "interactions")}
        lengths = {f"length_{name}": float(stats["length"][name]) for name in ("min", "max", "mean", "median")}
    except KeyError as error:
        raise DataError(f"{path}: {error} is missing; expected users, items, interactions and length") from None
    possible = counts["users"] * counts["items"]
    found = {**counts, **lengths, "sparsity": 100 * (1 - counts["interactions"] / possible)}
    found["appearance_mean"] = counts["interactions"] / counts["items"]
    if "held_out_users" in stats:
        found["test_users"] = float(stats["held_out_users"]["test"])
        found["train_users"] = counts["users"] - found["test_users"]
    return found


def make(results: Results) -> Table:
    """A row a dataset, its printed statistics beside ours."""
    frame = tidy(results)
    return Table(frame, [grid(results, frame)])


def tidy(results: Results) -> pd.DataFrame:
    """One row a dataset and statistic; a dataset that the config lacks keeps its rows, and `source` says why.

    Sparsities differ by what is left of 100: nearly empty matrices are all alike otherwise.
    """
    rows: list[dict[str, Any]] = []
    table = results.spec(StatisticsTable)
    measured = {dataset: read_statistics(path) for dataset, path in results.stats.items()}
    for dataset in table.datasets:
        for statistic in table.statistics:
            number = results.printed.get(results.name, dataset, "", statistic)
            row: dict[str, Any] = {
                **results.keys(dataset),
                "source": f"not run: {lacking(results.content, dataset)}",
                "statistic": statistic,
                "printed": number.value if number else None,
                "note": number.note if number else "",
            }
            if dataset in measured:
                row |= {"source": results.origins[dataset].source, "value": measured[dataset].get(statistic)}
            if number and row.get("value") is not None:
                ours, theirs = row["value"], number.value
                if statistic == "sparsity":
                    ours, theirs = 100 - ours, 100 - theirs
                row["relative_difference"] = ours / theirs - 1
                row["within_tolerance"] = abs(row["relative_difference"]) <= table.tolerance
            rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS).astype({"within_tolerance": "boolean"})


def grid(results: Results, frame: pd.DataFrame) -> Grid:
    """The paper's layout: one row per dataset, and for each statistic of `tidy` the printed and our number."""
    table = results.spec(StatisticsTable)
    ours = results.heading(results.origins)
    printed = [s for s in table.statistics if frame.loc[frame["statistic"] == s, "printed"].notna().any()]
    is_compared = bool(printed)
    printed = printed or table.statistics
    columns: list[tuple[str, ...]] = [("", "Datasets"), ("", "source")]
    columns += [(_NAMES[statistic], column) for statistic in printed for column in ("paper", ours)]
    rows: list[list[Text]] = []
    notes: list[str] = []
    for dataset in table.datasets:
        records: list[dict[Any, Any]] = frame[frame["dataset"] == dataset].to_dict("records")
        entries = {record["statistic"]: record for record in records}
        source = str(records[0]["source"])
        pairs = [_pair(entries[statistic]) for statistic in printed]
        rows.append([Text(dataset), Text(source.split(":")[0]), *(text for pair in pairs for text in pair)])
        notes.append(results.describe(dataset))
        notes += [f"{dataset}, printed {_NAMES[s]}: {entries[s]['note']}." for s in printed if entries[s]["note"]]
        notes += results.notes_on([dataset])
    if is_compared:
        notes.append(f"In brackets the difference from the paper; bold is within {table.tolerance:.0%} of it.")
    if is_compared and "sparsity" in printed:
        notes.append("Sparsities, in percent, are compared by what they leave of 100.")
    found = Grid(results.caption, columns, rows, 2, [], results.warning(results.origins, "data"), notes)
    return found if is_compared else found.without("paper")


def _pair(entry: Mapping[Any, Any]) -> tuple[Text, Text]:
    """The printed number and ours."""
    digits, unit = (4, "%") if entry["statistic"] == "sparsity" else (2, "")
    difference = entry["relative_difference"]
    detail = "" if pd.isna(difference) else f"({difference:+.1%})"
    ours = Text(_format(entry["value"], digits, unit), detail, bold=entry["within_tolerance"] is True)
    return Text(_format(entry["printed"], digits, unit)), ours


def _format(value: float, digits: int, unit: str) -> str:
    if pd.isna(value):
        return "—"
    return (f"{value:,.0f}" if float(value).is_integer() else f"{value:,.{digits}f}") + unit
