"""The numbers that a paper prints: one tidy CSV beside its definition."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from semtok.errors import DataError

COLUMNS = ["table", "dataset", "method", "metric", "k", "value", "unit", "provenance", "note"]
UNITS = {"fraction", "percent", "count", "items"}
PROVENANCES = {"text", "recovered_secondary", "digitised"}
"""From the paper's text; from somebody's transcription; measured on a picture (of use for the shape only)."""


@dataclass(frozen=True)
class Number:
    """One printed number."""

    value: float
    unit: str
    provenance: str
    note: str


class Printed:
    """Printed numbers by where they stand."""

    def __init__(self, numbers: dict[tuple[str, str, str, str, int], Number]) -> None:
        self._numbers = numbers

    def get(self, table: str, dataset: str, method: str, metric: str, k: int = 0) -> Number | None:
        """The number, or None if the paper prints none there; `k` is 0 where there is none."""
        return self._numbers.get((table, dataset, method, metric, k))

    def provenances(self, table: str) -> set[str]:
        """Where the numbers of a table come from."""
        return {number.provenance for key, number in self._numbers.items() if key[0] == table}

    def __len__(self) -> int:
        return len(self._numbers)


def read_printed(path: str | Path) -> Printed:
    """Read a file of printed numbers.

    Raises:
        DataError: names file and line where a column is missing, a value is no number, a unit or provenance is
            unknown, or a number is there twice.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, pd.errors.ParserError, OSError) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}") from None
    if list(frame.columns) != COLUMNS:
        raise DataError(f"{path}: found columns {', '.join(frame.columns)}; expected {', '.join(COLUMNS)}")
    numbers: dict[tuple[str, str, str, str, int], Number] = {}
    for line, row in enumerate(frame.to_dict("records"), start=2):
        try:
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
