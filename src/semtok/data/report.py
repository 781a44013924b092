"""What is wrong with raw rows: counted, shown, and refused beyond a ceiling."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from semtok.errors import DataError

MAX_BAD_SHARE = 0.01
"""A file in which more than this share of rows is unusable is refused."""
N_EXAMPLES = 5
MAX_BAD_ROWS = 100_000
"""A file that has given more unusable rows than this, and more than usable ones, is not read to its end."""


@dataclass
class FileReport:
    """Rows of one raw file (or zip member): how many were read, which of them are unusable, and why."""

    path: Path
    member: str | None = None
    rows: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add_bad(self, kind: str, lines: Iterable[int], what: Iterable[object]) -> None:
        """Count rows as unusable: `kind` is the key in stats.json, `lines` are 1-based, `what` was found in each."""
        line = 0
        for line, found in zip(lines, what, strict=True):
            self.bad[kind] += 1
            if len(self.examples) < N_EXAMPLES:
                self.examples.append(f"line {line}: {kind}: {_shorten(found)}")
        n_bad = self.bad.total()
        if line and n_bad > MAX_BAD_ROWS and 2 * n_bad > line:
            raise self._refusal(f"{n_bad} of the first {line} rows are unusable")

    def close(self) -> None:
        """Refuse the file if it has no usable rows, or too many unusable ones."""
        n_bad = self.bad.total()
        if self.rows - n_bad <= 0 or n_bad > MAX_BAD_SHARE * self.rows:
            found = f"{n_bad} of {self.rows} rows are unusable" if self.rows else "no rows"
            raise self._refusal(found)

    def _refusal(self, found: str) -> DataError:
        name = f"{self.path}:{self.member}" if self.member else str(self.path)
        shown = "".join(f"\n  {example}" for example in self.examples)
        return DataError(f"{name}: {found}, expected at most {MAX_BAD_SHARE:.0%}{shown}")


@dataclass
class Report:
    """Everything that reading dropped or mended, for stats.json."""

    files: list[FileReport] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def file(self, path: Path, member: str | None = None) -> FileReport:
        """A new report of a file, or of a member of a zip file."""
        self.files.append(FileReport(path, member))
        return self.files[-1]


def _shorten(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 120 else f"{text[:117]}..."
