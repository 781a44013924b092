"""The verdicts of one run of the workflow, or of several side by side, as one page that needs nothing but a browser."""

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pandas as pd

from semtok.papers.claims.judge import sentences
from semtok.papers.claims.verdicts import CONDITIONS, NOT_RUN, SYNTHETIC, Finding, by_parts
from semtok.papers.planted import answer_of
from semtok.papers.templates import render
from semtok.papers.workflow_run import WorkflowRun
from semtok.plan.claim_base import Verdict
from semtok.run.files import write_text

SIGNS = {
    "reproduced": "✓",
    "reproduced in part": "◐",
    "inconclusive": "?",
    "not comparable": "≠",
    "not reproduced": "✗",
    SYNTHETIC: "∅",
    NOT_RUN: "○",
}
"""Every state of a claim, in the order of the page; a sign beside the word and the colour."""

_CELL = ["paper", "table", "dataset", "method", "metric", "k"]
_FILES = {
    ".csv": "CSV",
    ".tex": "LaTeX",
    ".html": "page",
    ".provenance.html": "the options, histories and code behind it",
}
"""What is linked of a table, by suffix."""
_WIDTH, _LINE, _PAD = 240.0, 14.0, 8.0
"""Of a forest plot, in SVG units: its width, the height of a comparison, and the margin at both sides."""


def write_scoreboard(runs: Sequence[WorkflowRun], page: Path) -> None:
    """Write the page: the claims of all runs, each with its forest plot, and the cells of their tables."""
    claims = list(_claims(runs))
    # Where the page tells what is behind each row; of several runs that have it, the last is where its name leads.
    anchors = [{_row(row): f"row-{n}-{i}" for i, row in enumerate(run.behind)} for n, run in enumerate(runs)]
    shown_in = {name: [claim for claim in claims if claim["place"] == name] for name in ("worlds", "judged", "silent")}
    states = [claim["state"] for claim in claims if claim["place"] != "silent"]
    shown = render(
        "scoreboard.html",
        title=" and ".join(run.name for run in runs),
        runs=[run.name for run in runs],
        **shown_in,
        answers=[(run.name, found) for run in runs if (found := answer_of(_rows(run.claims))).total],
        tally={state: states.count(state) for state in SIGNS if state in states},
        signs=SIGNS,
        papers=list(dict.fromkeys(claim["paper"] for claim in claims)),
        cells=(cells := _cells(runs)),
        columns={name: _choices([cell["key"][i] for cell in cells]) for i, name in enumerate(_CELL)},
        behind=[
            (run.name, [{**row, "anchor": anchors[n][_row(row)]} for row in run.behind]) for n, run in enumerate(runs)
        ],
        anchors={row: anchor for of_run in anchors for row, anchor in of_run.items()},
        files=[{"run": run.name, "tables": _files(run, page)} for run in runs if run.folder],
    )
    write_text(page, shown)


def state_of(claim: Mapping[str, str]) -> str:
    """What is said of a claim: its verdict, or that nothing was run, or that its data are made up."""
    if SYNTHETIC in (claim["verdict"], *claim["source"].split("; ")):
        return SYNTHETIC
    return NOT_RUN if claim["source"] == NOT_RUN else claim["verdict"]


def _claims(runs: Sequence[WorkflowRun]) -> Iterator[dict[str, Any]]:
    """Every claim of any run, its parts below it."""
    rows = [{(row["paper"], row["id"]): row for row in _rows(run.claims)} for run in runs]
    for paper, name in dict.fromkeys(key for of_run in rows for key in of_run):
        if "." in name:
            continue
        found = [of_run.get((paper, name)) for of_run in rows]
        states = ["" if row is None else state_of(row) for row in found]
        truth = next((row["truth"] for row in found if row and row.get("truth")), "")
        state, reason = _of_all(paper, name, rows)
        yield {
            "paper": paper,
            "id": name,
            "statement": next(row["claim"] for row in found if row),
            "quote": next((row["quote"] for row in found if row and row.get("quote")), ""),
            "states": states,
            "state": state,
            "truth": truth,
            # Claims of which there is nothing but made-up data share one line.
            "place": "worlds" if truth else "silent" if state == SYNTHETIC else "judged",
            "changed": len(set(states)) > 1,
            "reason": reason,
            "details": [_details(run, paper, name) for run in runs],
        }


def _of_all(paper: str, name: str, rows: Sequence[Mapping[tuple[str, str], dict[str, str]]]) -> tuple[str, str]:
    """The state of a claim by all runs, and why; of one in parts they may have run some each, whatever their order.

    Its parts are those of the last run that has any; where none was run, a run counts that has the claim as a whole.
    """
    of_runs = ([key for key in of_run if key[0] == paper and key[1].startswith(f"{name}.")] for of_run in rows)
    *_, parts = [[], *filter(None, of_runs)]
    latest = {key[1].removeprefix(f"{name}."): _latest(key, rows) for key in parts}
    states = {part: state_of(row) for part, row in latest.items()}
    if {*states.values()} <= {NOT_RUN}:
        row = _latest((paper, name), rows)
        return state_of(row), row["reason"] if parts else in_short(row["reason"])
    is_real = bool({*states.values()} - {SYNTHETIC, NOT_RUN})
    findings = {}
    for part, row in latest.items():
        # Made-up data say nothing beside real ones.
        source = NOT_RUN if is_real and states[part] == SYNTHETIC else row["source"]
        findings[part] = Finding(cast(Verdict, row["verdict"]), row["reason"], source=source)
    joint = by_parts(findings)
    return joint.verdict if is_real else max(states.values(), key=_rank), sentences([joint.reason])


def _latest(key: tuple[str, str], rows: Sequence[Mapping[tuple[str, str], dict[str, str]]]) -> dict[str, str]:
    """What the last run says of a claim that ran anything of it; on real data, if any did."""
    found = [of_run[key] for of_run in rows if key in of_run]
    best = max(_rank(state_of(row)) for row in found)
    return [row for row in found if _rank(state_of(row)) == best][-1]


def _rank(state: str) -> int:
    """How much a state says: that nothing was run, that the data are made up, or a verdict."""
    return [NOT_RUN, SYNTHETIC, state].index(state)


def _details(run: WorkflowRun, paper: str, name: str) -> dict[str, Any]:
    """A claim of a run: itself or its parts, each with its comparisons, and all of them in one plot."""
    ids = run.claims["id"]
    below = run.claims["paper"].eq(paper) & ids.str.split(".").str[0].eq(name)
    parts = run.claims[below & ids.ne(name)] if (below & ids.ne(name)).any() else run.claims[below]
    rows = _rows(parts)
    compared = [
        _rows(run.comparisons[run.comparisons["paper"].eq(paper) & run.comparisons["id"].eq(part["id"])])
        for part in rows
    ]
    # On one axis: those of all parts are drawn together.
    drawn = forest([row for of_part in compared for row in of_part])
    marks = iter(drawn)
    shown = [
        {**part, "state": state_of(part), "comparisons": list(islice(marks, len(of_part)))}
        for part, of_part in zip(rows, compared, strict=True)
    ]
    return {"run": run.name, "parts": shown, "forest": drawn, "width": _WIDTH, "line": _LINE}


def forest(comparisons: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Where each comparison's value, interval and printed size lie in a plot; those of one unit share an axis.

    Bounds that are infinite or undefined end at the edge of the plot.
    """
    numbers = [{name: float(row[name] or "nan") for name in ("value", "low", "high", "printed")} for row in comparisons]
    drawn = []
    for row, own in zip(comparisons, numbers, strict=True):
        beside = [other for there, other in zip(comparisons, numbers, strict=True) if there["unit"] == row["unit"]]
        ends = [0.0, *(number for other in beside for number in other.values() if math.isfinite(number))]
        low, high = min(ends), max(ends)
        scale = (_WIDTH - 2 * _PAD) / (high - low or 1.0)

        def place(number: float, low: float = low, high: float = high, scale: float = scale) -> float:
            return round(_PAD + scale * (min(max(number, low), high) - low), 1)

        drawn.append(
            {
                "name": row["comparison"],
                "zero": place(0.0),
                "low": place(-math.inf if math.isnan(own["low"]) else own["low"]),
                "high": place(math.inf if math.isnan(own["high"]) else own["high"]),
                "value": None if math.isnan(own["value"]) else place(own["value"]),
                "printed": None if math.isnan(own["printed"]) else place(own["printed"]),
                "is_clear": own["low"] > 0 or own["high"] < 0,
                "words": _words(own, row["unit"]),
                "ends": f"{_number(low, row['unit'])} to {_number(high, row['unit'])}",
            }
        )
    return drawn


def _words(numbers: Mapping[str, float], unit: str) -> str:
    value, low, high, claimed = (_number(numbers[name], unit) for name in ("value", "low", "high", "printed"))
    is_known = math.isfinite(numbers["low"]) or math.isfinite(numbers["high"])
    interval = f" [{low}, {high}]" if is_known else ", of no known interval"
    return f"{value}{interval}" + ("" if math.isnan(numbers["printed"]) else f"; claimed {claimed}")


def _number(number: float, unit: str) -> str:
    if not math.isfinite(number):
        return "undefined" if math.isnan(number) else "unbounded"
    if number == 0:
        return "0"
    return f"{number:+.1f}%" if unit == "percent" else f"{number:+.4f}"


def _rows(frame: pd.DataFrame) -> list[dict[str, str]]:
    return [dict(zip(map(str, frame.columns), row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def in_short(reason: str) -> str:
    """What decided, and that the conditions are other ones; which they are, and all comparisons, unfold below it."""
    first = re.split(r"(?<=\.) (?=[A-Z])|; ", reason, maxsplit=1)[0].removesuffix(".")
    return f"{first}; {CONDITIONS}." if f"; {CONDITIONS}" in reason else first and f"{first}."


def _cells(runs: Sequence[WorkflowRun]) -> list[dict[str, Any]]:
    """Every cell of any run: its keys, what is printed, what each run found, and by how much the last differs from the
    first (empty where either lacks it)."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for number, run in enumerate(runs):
        for row in _rows(run.cells):
            key = tuple(row[name] for name in _CELL)
            cell = found.setdefault(key, {"key": key, "printed": row["printed"], "found": [None] * len(runs)})
            if row["mean"]:
                ends = ", ".join(f"{float(row[end]):.4f}" for end in ("ci_low", "ci_high") if row[end])
                cell["found"][number] = {
                    "mean": float(row["mean"]),
                    "interval": f"[{ends}]" if ends else "",
                    "seeds": row["seeds"],
                    "source": row["source"],
                }
    for cell in found.values():
        first, last = cell["found"][0], cell["found"][-1]
        cell["difference"] = _difference(last["mean"] - first["mean"]) if first and last else ""
    return [cell for cell in found.values() if any(cell["found"])]


def _difference(value: float) -> str:
    told = f"{value:+.4f}"
    return told if told.strip("+-0.") else "0"


def _choices(values: Iterable[str]) -> list[str]:
    """What a column can be filtered by, in order: numbers by their size."""
    found = list(dict.fromkeys(filter(None, values)))
    return sorted(found, key=int) if all(map(str.isdecimal, found)) else found


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in _CELL[:4])


def _files(run: WorkflowRun, page: Path) -> list[dict[str, Any]]:
    """Links to the files of each table, from the page on; of a run that was kept there are fewer."""
    assert run.folder is not None
    root = os.path.relpath(run.folder, page.parent)
    found = []
    for table in _rows(run.cells[["paper", "table"]].drop_duplicates()):
        name = f"papers/{table['paper']}/{table['table']}"
        there = [
            (words, f"{name}{suffix}") for suffix, words in _FILES.items() if (run.folder / f"{name}{suffix}").exists()
        ]
        found.append({**table, "links": [(words, f"{root}/{path}") for words, path in there]})
    return found
