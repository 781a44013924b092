"""A paper's table of scored candidates: printed beside reproduced, and beside what a random scorer earns."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from semtok.papers.candidates import expected_of_random, pooled_auc, read_scored
from semtok.papers.measured import MeasuredTable
from semtok.papers.rendering import Grid, Text, written
from semtok.papers.results import Results
from semtok.papers.table_files import Table
from semtok.plan.cells import Cell
from semtok.plan.metrics import METRICS, NO_K, OF_CANDIDATES
from semtok.plan.remarks import language_models, remarks
from semtok.plan.table_specs import ScoringTable

AUC = ("auc", NO_K)
SHOWN = (AUC, *OF_CANDIDATES)
PRINTED_AS = {"gauc": "auc", "lrap": "mrr", "list_ndcg": "ndcg"}
"""The paper's word for a metric, where it is another: it does not say which AUC and which MRR it prints (S-I10)."""
RANDOM = "Random scorer"


class ScoringResults(MeasuredTable):
    """A table of scored candidates and what stands in it."""

    def __init__(self, results: Results) -> None:
        self.table = table = results.spec(ScoringTable)
        labels = {row.scorer: row.label for row in table.rows}
        super().__init__(results, {dataset: labels for dataset in table.datasets}, SHOWN)
        self.random = {dataset: self._random(dataset) for dataset in self.by_dataset}
        """By dataset, what a random order of every list earns in expectation."""

    def printed(self, dataset: str, label: str, metric: str, k: int) -> float | None:
        """The printed number, by the paper's word for the metric."""
        return super().printed(dataset, label, PRINTED_AS.get(metric, metric), k)

    def numbers(self, cell: Cell, metric: str, k: int) -> dict[str, Any]:
        """As of other tables; the AUC is over all candidates."""
        return self._auc(cell) if (metric, k) == AUC else super().numbers(cell, metric, k)

    def _auc(self, cell: Cell) -> dict[str, Any]:
        """The AUC over all candidates, whoever was shown them: the mean over seeds, and of the users resampled."""
        if missing := self.missing(cell, NO_K):
            return {"source": missing, "seeds": 0}
        given = self.results.uncertainty
        scored = [read_scored(self.results.files["scored"][run]) for run in cell.runs]
        drawn = [_resampled(one, given.bootstrap_samples, given.seed) for one in scored]
        values = np.array([value for value, _ in drawn])
        samples = np.mean([sample for _, sample in drawn], axis=0)
        tail = (1 - given.confidence) / 2
        low, high = np.quantile(samples, [tail, 1 - tail])
        return {
            "source": self.results.origins[cell.dataset].source,
            "mean": float(values.mean()),
            "std": float(values.std(ddof=1)) if len(values) > 1 else None,
            "seeds": len(values),
            "ci_low": float(low),
            "ci_high": float(high),
            "targets": self.by_dataset[cell.dataset].targets,
        }

    def _random(self, dataset: str) -> Mapping[tuple[str, int], float]:
        run = next(cell.runs[0] for cell in self.results.cells if cell.dataset == dataset and cell.runs)
        return {AUC: 0.5, **expected_of_random(read_scored(self.results.files["scored"][run]))}


def _resampled(scored: pd.DataFrame, count: int, seed: int) -> tuple[float, np.ndarray]:
    """The pooled AUC, and on `count` resamples of the users, the same whatever the scorer."""
    score, clicked = scored["score"].to_numpy(np.float64), scored["clicked"].to_numpy(bool)
    users, owner = np.unique(scored["user"].to_numpy(), return_inverse=True)
    generator = np.random.default_rng(seed)
    draws = (np.bincount(generator.integers(len(users), size=len(users)), minlength=len(users)) for _ in range(count))
    samples = [pooled_auc(score, clicked, weights[owner].astype(np.float64)) for weights in draws]
    return pooled_auc(score, clicked), np.array(samples)


def make(results: Results) -> Table:
    """The scorers in the paper's layout; in the tidy numbers `targets` are the lists, one a user."""
    shown = ScoringResults(results)
    random = [
        {
            **results.keys(dataset),
            **{"source": results.origins[dataset].source, "method": RANDOM, "kind": "control"},
            **{"metric": metric, "k": k or None, "mean": value},
        }
        for dataset, expected in shown.random.items()
        for (metric, k), value in expected.items()
    ]
    return Table(shown.tidy(random), [grid(shown)])


def grid(shown: ScoringResults) -> Grid:
    """The paper's layout: a row a scorer, and for each metric both numbers; last what a random scorer earns."""
    results, table = shown.results, shown.table
    ours = results.heading(shown.by_dataset)
    several = len(table.datasets) > 1
    columns: list[tuple[str, ...]] = [("", "Group"), ("", "Scorer")]
    columns += [
        (f"{dataset} {label(*column)}" if several else label(*column), name)
        for dataset in table.datasets
        for column in SHOWN
        for name in ("paper", ours)
    ]
    rows = []
    for row in table.rows:
        pairs = [shown.pair(dataset, row.scorer, *column) for dataset in table.datasets for column in SHOWN]
        rows.append([Text(row.group), Text(row.label, latex=row.latex), *(text for pair in pairs for text in pair)])
    if shown.random:
        values = [shown.random.get(dataset, {}).get(column) for dataset in table.datasets for column in SHOWN]
        pairs = [(Text(""), Text(written(value, ".4f"))) for value in values]
        rows.append([Text(""), Text(RANDOM), *(text for pair in pairs for text in pair)])
    rules = [len(table.rows)] if shown.random else []
    return Grid(results.caption, columns, rows, 2, rules, results.warning(shown.by_dataset), _notes(shown))


def label(metric: str, k: int) -> str:
    """As a column's head."""
    name = "AUC" if metric == "auc" else METRICS[metric].label
    return name if k == NO_K else f"{name}@{k}"


def _notes(shown: ScoringResults) -> list[str]:
    results = shown.results
    notes = [
        f"{results.describe(dataset)} {measured.users:,} users with a clicked and another candidate."
        for dataset, measured in shown.by_dataset.items()
    ]
    notes += [
        "AUC: over all candidates, ties count half; GAUC: mean over users. MRR: of the first clicked candidate, behind"
        " all of its score; LRAP: label-ranking average precision, which the paper's code calls MRR. N@k: NDCG with all"
        " clicked candidates in the ideal list. The paper does not say which AUC and MRR it prints, nor on which data"
        " (S-I10), so each number stands beside both.",
        f"Ours: mean over seeds, in brackets the {results.uncertainty.confidence:.0%} interval over users (resampled).",
    ]
    if shown.random:
        notes.append(f"{RANDOM}: in expectation, from the numbers of candidates and clicks alone.")
    notes += [*language_models(results.cells), *remarks(results.cells)]
    notes += [f"{row.label}: {row.note}" for row in shown.table.rows if row.note]
    labels = {row.scorer: row.label for row in shown.table.rows}
    reasons: dict[str, list[str]] = {}
    for cell in results.cells:
        if cell.missing:
            reasons.setdefault(cell.missing, []).append(labels[cell.tokenizer])
    return notes + [f"Not run: {', '.join(dict.fromkeys(rows))}: {reason}." for reason, rows in reasons.items()]
