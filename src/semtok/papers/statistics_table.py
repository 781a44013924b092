"""A paper's table of dataset statistics: printed beside ours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from semtok.errors import DataError
from semtok.papers.origin import Origin, describe, heading
from semtok.papers.rendering import Grid, Text
from semtok.plan.cells import lacking
from semtok.plan.definition import Paper
from semtok.plan.printed import Printed
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
}


def read_statistics(path: str | Path) -> dict[str, float]:
    """The statistics of a `stats.json`, by name; sparsity in percent.

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
    return {**counts, **lengths, "sparsity": 100 * (1 - counts["interactions"] / possible)}


def tidy(
    paper: str,
    name: str,
    content: Paper,
    printed: Printed,
    origins: Mapping[str, Origin],
    statistics: Mapping[str, Mapping[str, float]],
) -> pd.DataFrame:
    """One row a dataset and statistic; a dataset that the config lacks keeps its rows, and `source` says why.

    Sparsities differ by what is left of 100: nearly empty matrices are all alike otherwise.
    """
    rows: list[dict[str, Any]] = []
    table = content.statistics_table(name)
    for dataset in table.datasets:
        for statistic in table.statistics:
            number = printed.get(name, dataset, "", statistic)
            row: dict[str, Any] = {
                "paper": paper,
                "table": name,
                "dataset": dataset,
                "statistic": statistic,
                "printed": number.value if number else None,
                "note": number.note if number else "",
            }
            if dataset in statistics:
                row["source"] = origins[dataset].source
                row["value"] = statistics[dataset][statistic]
                if number:
                    ours, theirs = statistics[dataset][statistic], number.value
                    if statistic == "sparsity":
                        ours, theirs = 100 - ours, 100 - theirs
                    row["relative_difference"] = ours / theirs - 1
                    row["within_tolerance"] = abs(row["relative_difference"]) <= table.tolerance
            else:
                row["source"] = f"not run: {lacking(content, dataset)}"
            rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS).astype({"within_tolerance": "boolean"})


def grid(name: str, content: Paper, frame: pd.DataFrame, origins: Mapping[str, Origin]) -> Grid:
    """The paper's layout: one row per dataset, and for each statistic the printed and our number."""
    table = content.statistics_table(name)
    ours = heading({origin.source for origin in origins.values()})
    printed = [s for s in table.statistics if frame.loc[frame["statistic"] == s, "printed"].notna().any()]
    columns: list[tuple[str, ...]] = [("", "Datasets"), ("", "source")]
    for statistic in printed:
        columns += [(_NAMES[statistic], "paper"), (_NAMES[statistic], ours)]
    rows: list[list[Text]] = []
    notes: list[str] = []
    for dataset in table.datasets:
        records: list[dict[Any, Any]] = frame[frame["dataset"] == dataset].to_dict("records")
        entries = {record["statistic"]: record for record in records}
        source = str(entries["users"]["source"])
        line = [Text(dataset), Text(source.split(":")[0])]
        for statistic in printed:
            line += _pair(entries[statistic])
        rows.append(line)
        if dataset in origins:
            users = entries["users"]["printed"]
            notes.append(describe(dataset, origins[dataset], None if pd.isna(users) else users))
        else:
            notes.append(f"{dataset}: {source}.")
        notes += [f"{dataset}, printed {_NAMES[s]}: {entries[s]['note']}." for s in printed if entries[s]["note"]]
        about = content.about(dataset).note
        notes += [f"{dataset}: {about}"] if about else []
    notes.append(f"In brackets the difference from the paper; bold is within {table.tolerance:.0%} of it.")
    if "sparsity" in printed:
        notes.append("Sparsities, in percent, are compared by what they leave of 100.")
    synthetic = [dataset for dataset, origin in origins.items() if origin.source == "synthetic"]
    warning = f"Synthetic data stand for {' and '.join(synthetic)}: not the paper's data." if synthetic else ""
    number = name.removeprefix("table")
    return Grid(f"Table {number}: {table.caption}", columns, rows, 2, [], warning, notes)


def _pair(entry: Mapping[Any, Any]) -> list[Text]:
    digits = 4 if entry["statistic"] == "sparsity" else 2
    printed = Text("—" if pd.isna(entry["printed"]) else _format(entry["printed"], digits))
    if pd.isna(entry["value"]):
        return [printed, Text("—")]
    difference = entry["relative_difference"]
    detail = "" if pd.isna(difference) else f"({difference:+.1%})"
    return [printed, Text(_format(entry["value"], digits), detail, bold=entry["within_tolerance"] is True)]


def _format(value: float, digits: int) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.{digits}f}"
