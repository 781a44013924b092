"""What is behind each row of a table of rankings: the options of its jobs, and the histories of its trainings."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

import pandas as pd
import yaml

from semtok.explain import behind
from semtok.papers.history import matching
from semtok.plan.cells import Cell, Run
from semtok.plan.definition import Paper
from semtok.plan.table_specs import RankingTable

Job = Mapping[str, Any]
Line = list[tuple[float, float]]

HISTORY = "history.csv"
AXES = ("step", "epoch")
"""What a history goes by; the first that it has."""
SHOWN = ("loss", "*@*")
"""The columns of a history that are drawn: what is minimised, and the metrics of validation."""
POINTS = 50
"""Of a curve; what has more is thinned."""
_WIDTH, _HEIGHT = 150.0, 50.0
"""Of a curve, in SVG units."""


def behind_rows(provenance: Mapping[str, Any], read: Callable[[str], str | None]) -> Iterator[dict[str, Any]]:
    """Each row that was trained: `paper`, `table`, `dataset`, `method`, the `jobs` of its first seed with their options
    as YAML, and the `curves` of its trainings, a line a seed.

    Args:
        provenance: the table's.
        read: the text of a history, by its path in the provenance; None where it is not there.
    """
    own: Job = provenance["jobs"][-1]
    shown, table = own["config"]["shown"], own["wildcards"]["exhibit"]
    spec = Paper.model_validate(shown["content"]).exhibit(table, RankingTable)
    cells = {(cell.dataset, cell.tokenizer): cell for cell in map(Cell.from_dict, shown["cells"]) if cell.runs}
    for dataset in spec.datasets:
        for row in spec.rows_on(dataset):
            cell = cells.get((dataset, row.tokenizer))
            if cell is None:
                continue
            by_seed = [_jobs_of(run, provenance["jobs"]) for run in cell.runs]
            yield {
                "paper": own["wildcards"]["paper"],
                "table": table,
                "dataset": dataset,
                "method": row.label,
                "jobs": [_told(job) for job in by_seed[0] if job["config"]],
                "curves": _curves(by_seed, read),
            }


def _jobs_of(run: Run, jobs: Sequence[Job]) -> list[Job]:
    """Those behind a run's metrics, nearest first."""
    named = {"dataset": run.dataset, "tokenizer": run.tokenizer, "recommender": run.recommender, "seed": str(run.seed)}
    # By no rule's name: results of older versions have another.
    last = next((job for job in reversed(jobs) if job["wildcards"] == named), None)
    return behind(last["outputs"][0]["path"], jobs) if last else []


def _told(job: Job) -> dict[str, str]:
    wildcards = {name: value for name, value in job["wildcards"].items() if name != "seed"}
    options = job["config"].get("options", job["config"])
    return {
        "job": " ".join([job["rule"], *wildcards.values()]),
        "options": yaml.safe_dump(options, sort_keys=True, allow_unicode=True),
    }


def _curves(by_seed: Sequence[Sequence[Job]], read: Callable[[str], str | None]) -> list[dict[str, Any]]:
    lines: dict[tuple[str, str, str], list[Line]] = {}
    for jobs in by_seed:
        for job in jobs:
            for path in (file["path"] for file in job["outputs"] if file["path"].endswith(HISTORY)):
                for by, column, line in _lines(read(path) or ""):
                    lines.setdefault((job["rule"], by, column), []).append(line)
    return [{"name": f"{rule}: {column} by {by}", **drawn(found)} for (rule, by, column), found in lines.items()]


def _lines(text: str) -> Iterator[tuple[str, str, Line]]:
    """What a history goes by, the column, and its points."""
    history = pd.read_csv(StringIO(text)) if text.strip() else pd.DataFrame()
    by = next((axis for axis in AXES if axis in history), None)
    for column in matching(history, SHOWN) if by else []:
        points = history[[by, column]].dropna()
        line = list(points.iloc[:: math.ceil(len(points) / POINTS) or 1].itertuples(index=False, name=None))
        if line:
            yield by or "", column, line


def drawn(lines: Sequence[Line]) -> dict[str, Any]:
    """The points of lines as SVG has them, in a plot of their own; its bounds, and the last values of all lines.

    Where no line has more than one point there is nothing to draw, and its value is told alone.
    """
    xs, ys = ([point[axis] for line in lines for point in line] for axis in (0, 1))
    left, low = min(xs), min(ys)
    wide, high = max(xs) - left or 1.0, max(ys) - low or 1.0
    points = []
    for line in lines if any(len(line) > 1 for line in lines) else ():
        # A single point is a line to itself, which browsers draw as a dot.
        ends = line if len(line) > 1 else line * 2
        points.append(
            " ".join(f"{_WIDTH * (x - left) / wide:.1f},{_HEIGHT * (1 - (y - low) / high):.1f}" for x, y in ends)
        )
    last = ", ".join(f"{line[-1][1]:.4g}" for line in lines)
    return {"lines": points, "low": f"{low:.4g}", "high": f"{max(ys):.4g}", "last": last, "until": f"{max(xs):g}"}
