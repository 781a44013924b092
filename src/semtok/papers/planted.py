"""Whether worlds whose answer is known gave it: `python -m semtok.papers.planted results/demo`.

The claims about them are judged as any other. Here their verdicts are compared with what must come out.
"""

import argparse
import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

WHAT = "claims about worlds whose answer is known"


@dataclass(frozen=True)
class Answer:
    """What a run says of the worlds whose answer is known."""

    total: int
    """How many claims have a known answer; none where the run has no such world."""
    wrong: list[str]
    """A sentence for each claim that came out otherwise."""

    @property
    def words(self) -> str:
        """How many came out as planted."""
        return f"{self.total - len(self.wrong)} of {self.total} {WHAT} came out as planted."


def answer_of(claims: Iterable[Mapping[str, str]]) -> Answer:
    """From the rows of `claims.csv`; those of papers have no `truth`, and files of older versions no such column."""
    known = [row for row in claims if row.get("truth")]
    wrong = [
        f"{row['paper']} {row['id']} is {row['verdict']}, and must be {row['truth']}: {row['reason']}"
        for row in known
        if row["verdict"] != row["truth"]
    ]
    return Answer(len(known), wrong)


def main(arguments: list[str] | None = None) -> None:
    """Print how many came out as planted; an error where one did not, or where there is none."""
    parser = argparse.ArgumentParser(prog="python -m semtok.papers.planted", description=__doc__)
    parser.add_argument("results", type=Path, help="folder of results, such as results/demo")
    folder = parser.parse_args(arguments).results
    found = answer_of(row for path in sorted(folder.glob("papers/*/claims.csv")) for row in _rows(path))
    if not found.total:
        raise SystemExit(f"error: {folder}/papers/*/claims.csv: found no {WHAT}; expected those of the demo")
    if found.wrong:
        lines = "\n  ".join(found.wrong)
        raise SystemExit(
            f"error: {found.words} Something here computes otherwise than it should, so trust no verdict:\n  {lines}"
        )
    print(found.words)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    main()
