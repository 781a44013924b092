"""A paper's claims with their verdicts, as a file of numbers and as pages to read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from semtok.papers.claims.judge import Judge, sentences
from semtok.papers.claims.verdicts import Comparison, Finding, by_parts
from semtok.papers.rendering import Grid, Text, markdown, page
from semtok.papers.results import Results
from semtok.plan.claim_base import ClaimBase
from semtok.plan.claim_specs import JointClaim
from semtok.run.files import atomic_path, write_text

_FEW = 4
"""Comparisons of one claim that a page shows one by one."""


@dataclass(frozen=True)
class _Row:
    """A claim, or a part of a joint one."""

    id: str
    claim: ClaimBase
    finding: Finding


def make_claims(results: Results, csv: Path, markdown_path: Path, html: Path) -> None:
    """Write the verdicts on a paper's claims.

    Args:
        results: with the cells of `plan.claim_cells`, and of their runs the ranks, diagnostics and histories.
        csv: output, one row per claim; below a joint claim, one row per part.
        markdown_path: output, readable.
        html: output, readable.
    """
    judge = Judge(results)
    rows: list[_Row] = []
    for claim in results.content.claims:
        found = {part.id: judge(part) for part in claim.parts}
        if not isinstance(claim, JointClaim):
            rows.append(_Row(claim.id, claim, found[claim.id]))
            continue
        rows.append(_Row(claim.id, claim, by_parts(found)))
        rows += [_Row(f"{claim.id}.{part.id}", part, found[part.id]) for part in claim.parts]
    level = f"Holm-adjusted p < {1 - results.uncertainty.confidence:.2g}"
    with atomic_path(csv) as temporary:
        pd.DataFrame([_values(results.paper, row, level) for row in rows]).to_csv(temporary, index=False)
    grid = _grid(results.content.title, rows)
    write_text(markdown_path, markdown([grid]))
    write_text(html, page([grid], grid.caption))


def _values(paper: str, row: _Row, level: str) -> dict[str, str]:
    claim, finding = row.claim, row.finding
    return {
        "paper": paper,
        "id": row.id,
        "claim": claim.statement,
        "test": sentences([claim.words(level), claim.note]),
        "printed": claim.printed,
        "measured": _measured(finding),
        "p_values": "; ".join(f"{p:.3g}" for p in finding.p_values),
        "verdict": finding.verdict,
        "reason": sentences([finding.reason]),
        "source": finding.source,
    }


def _measured(finding: Finding) -> str:
    return "; ".join(map(_interval, finding.comparisons)) or finding.measured


def _interval(comparison: Comparison) -> str:
    found = comparison.estimate
    low, value, high = (_number(number, comparison.unit) for number in (found.low, found.value, found.high))
    return f"{comparison.name}: {value} [{low}, {high}]"


def _number(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return "unbounded" if math.isinf(value) else "undefined"
    return f"{value:+.2f}%" if unit == "percent" else f"{value:+.4f}"


def _summary(finding: Finding) -> str:
    if len(finding.comparisons) <= _FEW:
        return _measured(finding) or "—"
    values = [comparison.estimate.value for comparison in finding.comparisons]
    unit = finding.comparisons[0].unit
    return f"{len(values)} differences from {_number(min(values), unit)} to {_number(max(values), unit)}"


def _grid(title: str, rows: Sequence[_Row]) -> Grid:
    columns = [(name,) for name in ("Id", "Claim", "Printed", "Measured", "Verdict", "Reason", "Source")]
    cells = [
        [
            *(Text(row.id), Text(row.claim.statement), Text(row.claim.printed), Text(_summary(row.finding))),
            *(Text(row.finding.verdict, bold=True), Text(sentences([row.finding.reason])), Text(row.finding.source)),
        ]
        for row in rows
    ]
    synthetic = any("synthetic" in row.finding.source for row in rows)
    warning = (
        "Synthetic data: these verdicts are about a made-up world, not about the paper's data." if synthetic else ""
    )
    notes = ["Brackets: intervals over users and seeds. Every number and the tests in words are in claims.csv."]
    return Grid(f"Claims of {title}", columns, cells, len(columns), list(range(len(cells))), warning, notes)
