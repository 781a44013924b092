"""A paper's claims, each with a verdict."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from semtok.errors import ConfigError
from semtok.files import atomic_path, write_text
from semtok.papers.claim_types import (
    AnyClaim,
    CollisionClaim,
    GainClaim,
    NotWorseClaim,
    ShrinkingGainClaim,
)
from semtok.papers.definition import load
from semtok.papers.evidence import Evidence, LackingError, columns_of
from semtok.papers.origin import Origin, proviso, read_origin
from semtok.papers.plan import Cell, Run
from semtok.papers.printed import Printed, read_printed
from semtok.papers.rendering import Grid, Text, markdown, page
from semtok.papers.samples import Uncertainty
from semtok.papers.verdicts import GAIN_TOLERANCE, Comparison

COLUMNS = ["paper", "id", "claim", "test", "printed", "measured", "p_values", "verdict", "reason", "source"]
MINIMUM_SEEDS = 2
"""With fewer, the noise of training cannot be told from an effect, so that a claim stays inconclusive."""
_FEW = 4


def make_claims(
    definition: Path,
    printed: Path,
    paper: str,
    cells: Sequence[Cell],
    ranks: Mapping[Run, str | Path],
    stats: Mapping[str, Path],
    diagnostics: Mapping[Run, str | Path],
    uncertainty: Uncertainty,
    csv: Path,
    markdown_path: Path,
    html: Path,
) -> None:
    """Write the verdicts on a paper's claims.

    Args:
        definition: config/papers/PAPER.yaml.
        printed: the file of printed numbers.
        paper: the paper's name in the config.
        cells: from `plan.claim_cells`.
        ranks: `ranks.parquet` of every run of the cells.
        stats: the `stats.json` of each dataset that the config has, by printed name.
        diagnostics: `diagnostics.json` of the runs' tokenizers.
        uncertainty: how intervals are made; claims are tested at 1 - confidence.
        csv: output, one row a claim.
        markdown_path: output, readable.
        html: output, readable.
    """
    content = load(definition)
    origins = {dataset: read_origin(path) for dataset, path in stats.items()}
    numbers = read_printed(printed)
    rows: list[dict[str, str]] = []
    summaries: list[str] = []
    evidence: dict[tuple[str, str], Evidence] = {}
    for claim in content.claims:
        here = [cell for cell in cells if (cell.place, cell.dataset) == (claim.place, claim.dataset)]
        missing = _missing(claim, here)
        if missing:
            comparisons: list[Comparison] = []
            row = {"verdict": "inconclusive", "reason": _sentences([missing]), "source": "not run"}
        else:
            key = (claim.place, claim.dataset)
            if key not in evidence:
                together = [
                    other
                    for other in content.claims
                    if (other.place, other.dataset) == key and not _missing(other, here)
                ]
                evidence[key] = Evidence(together, here, ranks, diagnostics, uncertainty)
            comparisons, row = _judged(claim, here, evidence[key], origins[claim.dataset], numbers)
        start = {"paper": paper, "id": claim.id, "claim": claim.statement, "printed": claim.printed}
        rows.append({**start, "test": _test(claim, 1 - uncertainty.confidence), **row})
        summaries.append(_summary(comparisons))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    with atomic_path(csv) as temporary:
        frame.to_csv(temporary, index=False)
    grid = _grid(content.title, rows, summaries)
    write_text(markdown_path, markdown([grid]))
    write_text(html, page([grid], grid.caption))


def _missing(claim: AnyClaim, cells: Sequence[Cell]) -> str:
    """Why a claim's runs are not there; empty if they are."""
    by_name = {cell.tokenizer: cell for cell in cells}
    for name in claim.tokenizers:
        if name not in by_name:
            raise ConfigError(f"claim {claim.id}: {claim.place} has no {name} on {claim.dataset}")
        if by_name[name].missing:
            return f"needs {name} on {claim.dataset} ({claim.place}): {by_name[name].missing}"
    return ""


def _judged(
    claim: AnyClaim, cells: Sequence[Cell], evidence: Evidence, origin: Origin, printed: Printed
) -> tuple[list[Comparison], dict[str, str]]:
    users = printed.get("table1", claim.dataset, "", "users")
    about = proviso(claim.dataset, origin, users.value if users else None)
    try:
        comparisons, finding = evidence.judge(claim)
    except LackingError as error:
        return [], {"verdict": "inconclusive", "reason": _sentences([str(error), about]), "source": origin.source}
    seeds = min(len(cell.runs) for cell in cells if cell.tokenizer in claim.tokenizers)
    verdict, reason = str(finding.verdict), finding.reason
    if seeds < MINIMUM_SEEDS:
        alone = f"{seeds} seed only: the noise of training cannot be told from an effect; with this seed {reason}"
        verdict, reason = "inconclusive", alone
    return comparisons, {
        "measured": "; ".join(map(_measured, comparisons)),
        "p_values": "; ".join(f"{p:.3g}" for p in finding.p_values),
        "verdict": verdict,
        "reason": _sentences([reason, about]),
        "source": origin.source,
    }


def _test(claim: AnyClaim, alpha: float) -> str:
    """The test in words."""
    level = f"Holm-adjusted p < {alpha:.2g}"
    bootstrap = "paired bootstrap over users with the noise between seeds added"
    count = len(columns_of(claim))
    if isinstance(claim, GainClaim):
        words = (
            f"relative gain of {claim.better} over {claim.worse}, {bootstrap}: above zero ({level}), and the interval"
            f" holds the printed value or the gain is within {GAIN_TOLERANCE:.0%} of it"
        )
    elif isinstance(claim, ShrinkingGainClaim):
        words = (
            f"relative gain of {claim.better} over {claim.worse}, {bootstrap}: falls from each k to the next ({level})"
        )
    elif isinstance(claim, NotWorseClaim):
        words = (
            f"relative gain of {claim.better} over {claim.other} in {count} cells, {bootstrap}: none below zero"
            f" ({level}), and every interval above -{claim.margin:.0%}"
        )
    elif isinstance(claim, CollisionClaim):
        words = (
            "t-tests over seeds on raw codes: items collide with their nearest neighbour of another vector more often"
            f" than random pairs do under {claim.more}, and {claim.more} has the higher collision rate and the higher"
            f" rate of collision with that neighbour than {claim.fewer} ({level})"
        )
    else:
        comparisons = len(claim.pairs) * count
        needed = f"at least {claim.at_least}" if claim.at_least else "all" if comparisons > 1 else "the one"
        words = f"{comparisons} differences, {bootstrap}: {needed} above zero ({level})"
    return _sentences([words, claim.note])


def _measured(comparison: Comparison) -> str:
    found = comparison.estimate
    low, value, high = (_number(number, comparison.unit) for number in (found.low, found.value, found.high))
    return f"{comparison.name}: {value} [{low}, {high}]"


def _number(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return "unbounded" if math.isinf(value) else "undefined"
    return f"{value:+.2f}%" if unit == "percent" else f"{value:+.4f}"


def _summary(comparisons: Sequence[Comparison]) -> str:
    if len(comparisons) <= _FEW:
        return "; ".join(map(_measured, comparisons)) or "—"
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
    synthetic = any(row["source"] == "synthetic" for row in rows)
    warning = (
        "Synthetic data: these verdicts are about a made-up world, not about the paper's data." if synthetic else ""
    )
    notes = ["Brackets: intervals over users and seeds. Every number and the tests in words are in claims.csv."]
    return Grid(f"Claims of {title}", columns, cells, len(columns), list(range(len(cells))), warning, notes)


def _sentences(parts: Sequence[str]) -> str:
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts if part)
