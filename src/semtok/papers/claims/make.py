"""A paper's claims with their verdicts, as a file of numbers and as pages to read."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from semtok.papers.claims.judge import Judge, sentences
from semtok.papers.claims.verdicts import NOT_RUN, SYNTHETIC, Comparison, Finding, by_parts
from semtok.papers.rendering import Grid, Text
from semtok.papers.results import Results
from semtok.papers.table_files import Table, write_table
from semtok.plan.claim_base import ClaimBase
from semtok.plan.claim_specs import JointClaim
from semtok.run.files import write_csv

_FEW = 4
"""Comparisons of one claim that a page shows one by one."""
_COMPARED = ["paper", "id", "comparison", "unit", "value", "low", "high", "p", "printed"]


def make_claims(results: Results, files: Sequence[Path], comparisons: Path) -> None:
    """Write the verdicts on a paper's claims.

    Args:
        results: with the cells of `plan.claim_cells`, and of their runs the metrics, diagnostics and histories.
        files: as of `write_table`; a row a claim, and below a joint claim one a part.
        comparisons: CSV, a row a comparison of a claim, in numbers.
    """
    judge = Judge(results)
    found: list[tuple[str, ClaimBase, Finding]] = []
    for claim in results.content.claims:
        parts = {part.id: _in_words(judge(part), results.labels) for part in claim.parts}
        if isinstance(claim, JointClaim):
            found.append((claim.id, claim, by_parts(parts)))
            found += [(f"{claim.id}.{part.id}", part, parts[part.id]) for part in claim.parts]
        else:
            found.append((claim.id, claim, parts[claim.id]))
    level = f"p < {1 - results.uncertainty.confidence:.2g}"
    rows = [_row(results.paper, name, claim, finding, level) for name, claim, finding in found]
    rows = [{**row, "test": called(row["test"], results.labels)} for row in rows]
    compared = [row for name, _, finding in found for row in _compared(results.paper, name, finding)]
    write_csv(comparisons, pd.DataFrame(compared, columns=_COMPARED))
    said = {name: called(claim.note, results.labels) for name, claim, _ in found if claim.note}
    grid = _grid(results.content.title, rows, [_summary(finding) for _, _, finding in found], said)
    write_table(Table(pd.DataFrame(rows), [grid]), files)


def called(text: str, labels: Mapping[str, str]) -> str:
    """The text, in which methods are called by their `labels`; "P(collision | random pair)" is none."""
    if not labels:
        return text
    names = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))
    # No other variant begins like it: not `a+b=8` in `a+b=80` or `a+b=8+c=1`.
    return re.sub(rf"(?<![\w/+-])(?<!\| )(?:{names})(?![\w+/-]|\.\d)", lambda found: labels[found[0]], text)


def _in_words(finding: Finding, labels: Mapping[str, str]) -> Finding:
    comparisons = [replace(one, name=called(one.name, labels)) for one in finding.comparisons]
    reason, measured = (called(text, labels) for text in (finding.reason, finding.measured))
    return replace(finding, reason=reason, measured=measured, comparisons=comparisons)


def _row(paper: str, name: str, claim: ClaimBase, finding: Finding, level: str) -> dict[str, str]:
    return {
        "paper": paper,
        "id": name,
        "claim": claim.statement,
        "quote": claim.quote,
        "test": sentences([claim.words(level), claim.note]),
        "printed": claim.printed,
        "measured": _measured(finding),
        "p_values": "; ".join(f"{p:.3g}" for p in finding.p_values),
        "verdict": finding.verdict,
        "truth": claim.truth or "",
        "reason": sentences([finding.reason]),
        "source": finding.source,
    }


def _compared(paper: str, name: str, finding: Finding) -> Iterator[tuple[object, ...]]:
    for comparison, p in zip(finding.comparisons, finding.p_values, strict=True):
        found = comparison.estimate
        yield paper, name, comparison.name, comparison.unit, found.value, found.low, found.high, p, comparison.printed


def _measured(finding: Finding) -> str:
    return "; ".join(map(_interval, finding.comparisons)) or finding.measured


def _interval(comparison: Comparison) -> str:
    found = comparison.estimate
    low, value, high = (_number(number, comparison.unit) for number in (found.low, found.value, found.high))
    interval = (
        f" [{low}, {high}]" if math.isfinite(found.low) or math.isfinite(found.high) else ", of no known interval"
    )
    return f"{comparison.name}: {value}{interval}"


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


def _grid(title: str, rows: Sequence[Mapping[str, str]], summaries: Sequence[str], said: Mapping[str, str]) -> Grid:
    """The claims as a page has them; below them, what is `said` of some."""
    known = [name for name in ("truth",) if any(row[name] for row in rows)]
    names = ("id", "claim", "printed", "measured", "verdict", *known, "reason", "source")
    # Of a run of some tables most claims say only that they were not run.
    were_run = any(row["source"] != NOT_RUN for row in rows)
    left_out = [row["id"] for row in rows if were_run and row["source"] == NOT_RUN]
    shown = [
        {**row, "measured": summary} for row, summary in zip(rows, summaries, strict=True) if row["id"] not in left_out
    ]
    cells = [[Text(row[name], bold=name == "verdict") for name in names] for row in shown]
    synthetic = any(row["verdict"] == SYNTHETIC for row in rows)
    warning = "Synthetic data: no verdict. They say nothing about the paper's data."
    notes = ["Brackets: intervals over users and seeds. Every number and the tests in words are in claims.csv."]
    notes += [f"{row['id']}: {sentences([said[row['id']]])}" for row in shown if row["id"] in said]
    notes += [f"Not run: {', '.join(left_out)}. What each of them needs is in claims.csv."] if left_out else []
    columns: list[tuple[str, ...]] = [(name.capitalize(),) for name in names]
    rules = list(range(len(cells)))
    return Grid(f"Claims of {title}", columns, cells, len(names), rules, warning if synthetic else "", notes)
