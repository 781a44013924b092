"""A paper's claims, each with a verdict."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from semtok.errors import ConfigError
from semtok.papers.claim_words import describe_test, sentences
from semtok.papers.code_evidence import LackingError
from semtok.papers.evidence import Evidence, judge_contrast
from semtok.papers.origin import data_caveat, stand_in
from semtok.papers.rendering import Grid, Text, markdown, page
from semtok.papers.results import Results
from semtok.papers.verdicts import Comparison, Verdict, join
from semtok.plan.cells import Cell, remarks
from semtok.plan.claim_specs import AnyClaim, GainContrastClaim, JointClaim, OrderClaim, SingleClaim
from semtok.plan.code_claim_specs import DiagnosticsClaim
from semtok.run.files import atomic_path, write_text

COLUMNS = ["paper", "id", "claim", "test", "printed", "measured", "p_values", "verdict", "reason", "source"]
MINIMUM_SEEDS = 2
"""With fewer, the noise of training cannot be told from an effect, so that a claim stays inconclusive."""
_FEW = 4


def make_claims(results: Results, csv: Path, markdown_path: Path, html: Path) -> None:
    """Write the verdicts on a paper's claims.

    Args:
        results: with the cells of `plan.claim_cells`, and of their runs the ranks, diagnostics and histories.
        csv: output, one row per claim; below a joint claim, one row per part.
        markdown_path: output, readable.
        html: output, readable.
    """
    content, paper = results.content, results.paper
    judge = _Judge(results)
    alpha = 1 - results.uncertainty.confidence
    rows: list[dict[str, str]] = []
    summaries: list[str] = []
    for claim in content.claims:
        if not isinstance(claim, JointClaim):
            comparisons, row = judge(claim)
            rows.append({**_start(paper, claim.id, claim, alpha), **row})
            summaries.append(_summary(comparisons, row))
            continue
        parts = {part.id: judge(part) for part in claim.parts}
        rows.append(
            {**_start(paper, claim.id, claim, alpha), **_joined({name: row for name, (_, row) in parts.items()})}
        )
        summaries.append("—")
        for part in claim.parts:
            comparisons, row = parts[part.id]
            rows.append({**_start(paper, f"{claim.id}.{part.id}", part, alpha), **row})
            summaries.append(_summary(comparisons, row))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    with atomic_path(csv) as temporary:
        frame.to_csv(temporary, index=False)
    grid = _grid(content.title, rows, summaries)
    write_text(markdown_path, markdown([grid]))
    write_text(html, page([grid], grid.caption))


class _Judge:
    """From a claim to its comparisons and what stands in its row; runs are read once for all claims of a exhibit."""

    def __init__(self, results: Results) -> None:
        self._content = results.content
        self._files = (
            results.files.get("scores", {}),
            results.files.get("diagnostics", {}),
            results.files.get("history", {}),
        )
        self._uncertainty = results.uncertainty
        self._origins = results.origins
        self._printed = results.printed
        self._cells: dict[tuple[str, str], dict[str, Cell]] = {}
        for cell in results.cells:
            self._cells.setdefault((cell.exhibit, cell.dataset), {})[cell.tokenizer] = cell
        self._evidence: dict[tuple[str, str], Evidence] = {}

    def __call__(self, claim: SingleClaim) -> tuple[list[Comparison], dict[str, str]]:
        missing = self._missing(claim)
        if missing:
            return [], {"verdict": "inconclusive", "reason": sentences([missing]), "source": "not run"}
        source = "; ".join(dict.fromkeys(self._origins[dataset].source for dataset in claim.datasets))
        about = [sentence for dataset in claim.datasets for sentence in self._about(dataset)]
        about += remarks(
            self._cells[claim.exhibit, dataset][name] for dataset in claim.datasets for name in claim.tokenizers
        )
        evidence = {dataset: self._of(claim.exhibit, dataset) for dataset in claim.datasets}
        try:
            if isinstance(claim, GainContrastClaim):
                comparisons, finding = judge_contrast(claim, evidence, self._uncertainty)
            else:
                comparisons, finding = evidence[claim.dataset].judge(claim)
        except LackingError as error:
            return [], {"verdict": "inconclusive", "reason": sentences([str(error), *about]), "source": source}
        verdict, reason = str(finding.verdict), finding.reason
        seeds = self._seeds(claim)
        if seeds < MINIMUM_SEEDS:
            alone = f"{seeds} seed only: the noise of training cannot be told from an effect; with this seed {reason}"
            verdict, reason = "inconclusive", alone
        return comparisons, {
            "measured": "; ".join(map(_measured, comparisons)) or finding.measured,
            "p_values": "; ".join(f"{p:.3g}" for p in finding.p_values),
            "verdict": verdict,
            "reason": sentences([reason, *about]),
            "source": source,
        }

    def _missing(self, claim: SingleClaim) -> str:
        """Why a claim's runs are not there; empty if they are, or if enough of them are for some of its pairs."""
        lacking: dict[str, str] = {}
        for dataset in claim.datasets:
            by_name = self._cells.get((claim.exhibit, dataset), {})
            for name in claim.tokenizers:
                if name not in by_name:
                    raise ConfigError(f"claim {claim.id}: {claim.exhibit} has no {name} on {dataset}")
                if by_name[name].missing:
                    lacking.setdefault(name, f"needs {name} on {dataset} ({claim.exhibit}): {by_name[name].missing}")
        pairs = claim.pairs if isinstance(claim, OrderClaim | DiagnosticsClaim) else []
        if isinstance(claim, DiagnosticsClaim) and claim.margin is not None:
            pairs = []
        if any(pair.higher not in lacking and pair.lower not in lacking for pair in pairs):
            return ""
        return next(iter(lacking.values()), "")

    def _of(self, exhibit: str, dataset: str) -> Evidence:
        key = (exhibit, dataset)
        if key not in self._evidence:
            claims = [
                claim
                for claim in self._content.single_claims
                if claim.exhibit == exhibit and dataset in claim.datasets and not self._missing(claim)
            ]
            cells = list(self._cells[key].values())
            self._evidence[key] = Evidence(claims, cells, *self._files, self._uncertainty)
        return self._evidence[key]

    def _about(self, dataset: str) -> list[str]:
        users = self._printed.get("table1", self._content.runs_on(dataset), "", "users")
        about = data_caveat(dataset, self._origins[dataset], users.value if users else None)
        return [stand_in(self._content.about(dataset)), about]

    def _seeds(self, claim: SingleClaim) -> int:
        """Of the method with fewest."""
        cells = [self._cells[claim.exhibit, dataset][name] for dataset in claim.datasets for name in claim.tokenizers]
        return min(len(cell.runs) for cell in cells if cell.runs)


def _start(paper: str, name: str, claim: AnyClaim, alpha: float) -> dict[str, str]:
    """What a row says whatever the verdict is."""
    test = describe_test(claim, alpha)
    return {"paper": paper, "id": name, "claim": claim.statement, "printed": claim.printed, "test": test}


def _joined(parts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The verdict on a joint claim: a row as that of a single one."""
    verdicts: dict[str, Verdict] = {}
    for name, row in parts.items():
        found: Any = row["verdict"]
        verdicts[name] = found
    verdict, reason = join(verdicts)
    sources = "; ".join(dict.fromkeys(row["source"] for row in parts.values()))
    return {"verdict": verdict, "reason": sentences([reason]), "source": sources}


def _measured(comparison: Comparison) -> str:
    found = comparison.estimate
    low, value, high = (_number(number, comparison.unit) for number in (found.low, found.value, found.high))
    return f"{comparison.name}: {value} [{low}, {high}]"


def _number(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return "unbounded" if math.isinf(value) else "undefined"
    return f"{value:+.2f}%" if unit == "percent" else f"{value:+.4f}"


def _summary(comparisons: Sequence[Comparison], row: Mapping[str, str]) -> str:
    if len(comparisons) <= _FEW:
        return row.get("measured") or "—"
    values = [comparison.estimate.value for comparison in comparisons]
    unit = comparisons[0].unit
    return f"{len(values)} differences from {_number(min(values), unit)} to {_number(max(values), unit)}"


def _grid(title: str, rows: Sequence[Mapping[str, str]], summaries: Sequence[str]) -> Grid:
    columns: list[tuple[str, ...]] = [
        ("Id",),
        ("Claim",),
        ("Printed",),
        ("Measured",),
        ("Verdict",),
        ("Reason",),
        ("Source",),
    ]
    cells = [
        [
            *(Text(row["id"]), Text(row["claim"]), Text(row["printed"]), Text(summary)),
            *(Text(row["verdict"], bold=True), Text(row["reason"]), Text(row["source"])),
        ]
        for row, summary in zip(rows, summaries, strict=True)
    ]
    synthetic = any("synthetic" in row["source"] for row in rows)
    warning = (
        "Synthetic data: these verdicts are about a made-up world, not about the paper's data." if synthetic else ""
    )
    notes = ["Brackets: intervals over users and seeds. Every number and the tests in words are in claims.csv."]
    return Grid(f"Claims of {title}", columns, cells, len(columns), list(range(len(cells))), warning, notes)
