"""Made-up results of CoST, and the verdicts on its claims."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from semtok.papers.claims import make_claims
from semtok.papers.statistics import Uncertainty
from semtok.plan import cells as plan
from semtok.plan.cells import Terms
from semtok.plan.definition import load
from support.fabricated_results import (
    DEFINITION,
    PRINTED,
    TOKENIZERS,
    paper_config,
    results_from,
    staircase,
    write_diagnostics,
    write_metrics,
    write_stats,
)

# Hits within 5, 10, 20 and 40: gains of cost over rqvae of 43%, 37%, 34% and 29%, as printed.
AS_PRINTED = {
    "random": [40, 80, 120, 160],
    "rqvae": [200, 300, 420, 540],
    "cost": [286, 411, 563, 697],
    "cost+reconstruction": [240, 350, 490, 620],
}


def judge(
    folder: Path,
    hits: Mapping[str, list[int]],
    seeds: Sequence[int] = (0, 1, 2),
    source: str = "official",
    users: int = 29_207,
    items: int = 12_251,
    collisions: Mapping[str, tuple[float, float]] | None = None,
    without_codes: str = "",
    definition: Path = DEFINITION,
    scale: int = 1,
    overlaps: Mapping[str, float | None] | None = None,
    leaks: str = "",
    steps: Mapping[str, int] | None = None,
    terms: Mapping[str, Terms] | None = None,
    **changed: Any,
) -> pd.DataFrame:
    """The verdicts on fabricated runs, by id. Every run on every dataset has its tokenizer's hits, seeds differ.

    Args:
        folder: where the files are written.
        hits: within 5, 10, 20 and 40, by tokenizer.
        seeds: of the tables' runs.
        source: of the data.
        users: of every dataset.
        items: of every dataset.
        collisions: by tokenizer, the rate of collision with the nearest neighbour and the collision rate.
        without_codes: a tokenizer that has no diagnostics.
        definition: of the paper.
        scale: how many times the hits and the 1,500 targets there are.
        overlaps: by tokenizer, what share of the true best its beam found; None: it was not compared.
        leaks: a tokenizer whose beam has the target first more often than exact scores have.
        steps: by tokenizer, of its training.
        terms: by tokenizer, on what terms its runs are made.
        changed: in the paper's config.
    """
    config = paper_config(**{"tables": ["table2"], "figures": [], **changed})
    cells = plan.claim_cells(load(definition), config, list(seeds), TOKENIZERS)
    cells = [replace(cell, terms=(terms or {}).get(cell.tokenizer, Terms())) for cell in cells]
    metrics, diagnostics, facts, histories = {}, {}, {}, {}
    for run in plan.runs(cells):
        shift = (run.seed * 7 + len(run.tokenizer)) % 3 - 1
        found = staircase([scale * (count + shift) for count in hits[run.tokenizer]], scale * 1500)
        metrics[run] = write_metrics(folder, run, found)
        if run.tokenizer in (overlaps or {}):
            facts[run] = folder / f"decoding-{run.tokenizer}-{run.seed}.json"
            overlap = (overlaps or {})[run.tokenizer]
            facts[run].write_text(json.dumps({"certified_targets": 0} if overlap is None else {"overlap@20": overlap}))
        if run.tokenizer == leaks:
            facts[run] = folder / f"decoding-{run.tokenizer}-{run.seed}.json"
            found = {"overlap@20": 0.96, "certified_targets": 100, "beam_recall@1": 0.4, "exhaustive_recall@1": 0.3}
            facts[run].write_text(json.dumps(found))
        if run.tokenizer in (steps or {}):
            histories[run] = folder / f"history-{run.tokenizer}-{run.seed}.csv"
            histories[run].write_text(f"epoch,step,loss\n1,10,3\n2,{(steps or {})[run.tokenizer]},2\n")
        near, rate = (collisions or {}).get(run.tokenizer, (0.05, 0.12))
        path = folder / f"{run.tokenizer}-{run.seed}.json"
        if run.tokenizer != without_codes:
            diagnostics[run] = write_diagnostics(path, rate + 0.001 * run.seed, near + 0.001 * run.seed)
    stats = {name: write_stats(folder / f"{name}.json", source, users, items=items) for name in config.datasets}
    csv = folder / "claims.csv"
    make_claims(
        results_from(
            *(definition, PRINTED, "cost", "claims", cells),
            {"metrics": metrics, "diagnostics": diagnostics, "facts": facts, "history": histories},
            *(stats, Uncertainty(1000, 0.95, 0)),
        ),
        *([csv, folder / "claims.md", folder / "claims.html"], folder / "comparisons.csv"),
    )
    return pd.read_csv(csv, keep_default_na=False).set_index("id")
