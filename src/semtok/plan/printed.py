"""The numbers that a paper prints: one tidy CSV beside its definition."""

import csv
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from semtok.errors import DataError

COLUMNS = ["table", "dataset", "method", "metric", "k", "value", "unit", "provenance", "note"]
UNITS = {"fraction", "percent", "count", "items"}
PROVENANCES = {"text", "recovered_secondary", "digitised"}
"""From the paper's text; from somebody's transcription; measured on a picture (of use for the shape only)."""
SIZES = ("users", "items")
"""Statistics of `table1` that tell whether other data are the paper's."""


@dataclass(frozen=True)
class Number:
    """One printed number."""

    value: float
    unit: str
    provenance: str
    note: str


Key = tuple[str, str, str, str, int]
"""Table (or figure and panel), dataset, method, metric (or statistic), k."""


class Printed:
    """Printed numbers by where they stand."""

    def __init__(self, numbers: dict[Key, Number]) -> None:
        self._numbers = numbers

    def get(self, table: str, dataset: str, method: str, metric: str, k: int = 0) -> Number | None:
        """The number, or None if the paper prints none there; `k` is 0 where there is none."""
        return self._numbers.get((table, dataset, method, metric, k))

    def provenances(self, table: str) -> set[str]:
        """Where the numbers of a table come from."""
        return {number.provenance for key, number in self._numbers.items() if key[0] == table}

    def methods(self, table: str) -> set[str]:
        """The methods that a table has numbers of."""
        return {method for name, _, method, _, _ in self._numbers if name == table and method}

    def rows(self, tables: Collection[str], datasets: Collection[str], sizes_of: Collection[str]) -> list[list[object]]:
        """Numbers of some tables on some datasets, and how large the datasets `sizes_of` are, as plain values."""
        return [
            [*key, number.value, number.unit, number.provenance, number.note]
            for key, number in self._numbers.items()
            if (key[0] in tables and key[1] in datasets)
            or (key[0] == "table1" and key[1] in sizes_of and key[2] == "" and key[3] in SIZES)
        ]

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[str, str, str, str, int, float, str, str, str]]) -> "Printed":
        """The inverse of `rows`."""
        return cls({(row[0], row[1], row[2], row[3], row[4]): Number(*row[5:]) for row in rows})

    def __len__(self) -> int:
        return len(self._numbers)


def printed_beside(definition: Path) -> Printed:
    """The numbers beside a paper's definition, in PAPER-printed.csv; none where there is no such file."""
    path = definition.with_name(f"{definition.stem}-printed.csv")
    return read_printed(path) if path.exists() else Printed({})


def read_printed(path: str | Path) -> Printed:
    """Read a file of printed numbers.

    Raises:
        DataError: names file and line where a column is missing, a value is no number, a unit or provenance is
            unknown, or a number is there twice.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            found = list(csv.reader(file, strict=True))
    except (ValueError, csv.Error, OSError) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}") from None
    if not found or found[0] != COLUMNS:
        raise DataError(f"{path}: found columns {', '.join(found[0] if found else [])}; expected {', '.join(COLUMNS)}")
    numbers: dict[Key, Number] = {}
    for line, values in enumerate(found[1:], start=2):
        try:
            row = dict(zip(COLUMNS, values, strict=True))
            key = (row["table"], row["dataset"], row["method"], row["metric"], int(row["k"] or 0))
            number = Number(float(row["value"]), row["unit"], row["provenance"], row["note"])
        except ValueError as error:
            raise DataError(f"{path}, line {line}: {error}; expected numbers in k and value") from None
        if number.unit not in UNITS:
            raise DataError(f"{path}, line {line}: found unit {number.unit!r}; expected one of {sorted(UNITS)}")
        if number.provenance not in PROVENANCES:
            raise DataError(
                f"{path}, line {line}: found provenance {number.provenance!r}; expected one of {sorted(PROVENANCES)}"
            )
        if key in numbers:
            raise DataError(f"{path}, line {line}: found {key} twice; expected every number once")
        numbers[key] = number
    return Printed(numbers)
