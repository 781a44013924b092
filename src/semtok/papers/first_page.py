"""The verdicts as the first page of Snakemake's own report shows them (workflow/report/workflow.rst)."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from semtok.papers.claims.verdicts import SYNTHETIC
from semtok.papers.planted import answer_of
from semtok.papers.scoreboard import SIGNS, in_short, state_of


def verdicts(files: Iterable[str | Path]) -> list[dict[str, Any]]:
    """What each paper's `claims.csv` says, of those that are there; texts are escaped for reStructuredText.

    A paper has its `claims`, parts of joint ones left out; `silent`, how many of them have made-up data alone and stand
    in no table; and, where the answer is known, `answer`, in words. What has an answer comes first.
    """
    found = []
    for path in map(Path, files):
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        claims = [(row, state_of(row)) for row in rows if "." not in row["id"]]
        shown = [
            {
                "id": _escaped(row["id"]),
                "statement": _escaped(row["claim"]),
                "verdict": _escaped(f"{SIGNS[state]} {state}"),
                "reason": _escaped(in_short(row["reason"])),
            }
            for row, state in claims
            if state != SYNTHETIC
        ]
        answer = answer_of(rows)
        found.append(
            {
                "paper": _escaped(path.parent.name),
                "claims": shown,
                "silent": len(claims) - len(shown),
                "answer": answer.words if answer.total else "",
            }
        )
    return sorted(found, key=lambda one: not one["answer"])


def _escaped(text: str) -> str:
    """A text that begins no list and marks nothing."""
    return "\\ " + re.sub(r"([^A-Za-z0-9\s])", r"\\\1", " ".join(text.split()))
