"""A made-up run of the workflow, as far as the page of verdicts shows it."""

import json
import re

import pandas as pd

from semtok.papers.measured import COLUMNS
from semtok.plan.cells import Cell, Run
from semtok.plan.definition import Paper, load
from support.fabricated_cost import AS_PRINTED, judge
from support.fabricated_results import DEFINITION

CELL = {
    "paper": "cost",
    "table": "table2",
    "dataset": "MIND",
    "source": "mirror",
    "kind": "trained",
    "metric": "recall",
}
CELLS = [
    {**CELL, "method": "Random", "k": "5", "printed": "0.0319", "mean": "0.02", "seeds": "1"},
    {
        **CELL,
        "method": "L_co",
        "k": "5",
        "printed": "0.05",
        "mean": "0.11",
        "seeds": "3",
        "ci_low": "0.1",
        "ci_high": "0.12",
    },
    {**CELL, "method": "L_co", "k": "40", "printed": "0.2", "mean": "0.3", "seeds": "3"},
    {**CELL, "method": "L_re", "k": "5", "printed": "0.04"},
]
REVERSED = {**AS_PRINTED, "rqvae": AS_PRINTED["cost"], "cost": AS_PRINTED["rqvae"]}


def write_run(folder, hits, **changed):
    papers = folder / "papers" / "cost"
    papers.mkdir(parents=True)
    judge(papers, hits, collisions={"rqvae": (0.2, 0.3), "cost": (0.05, 0.1)}, scale=4, **changed)
    (papers / "comparisons.csv").rename(papers / "claims-comparisons.csv")
    pd.DataFrame(CELLS, columns=COLUMNS).to_csv(papers / "table2.csv", index=False)
    pd.DataFrame({"method": ["L_co"]}).to_csv(papers / "table2-strata.csv", index=False)
    return folder


def with_provenance(folder):
    """The run with what is behind Table 2's row of CoST, of results that were made elsewhere."""
    run = Run("mind", "cost", "tiger", 0)
    named = {"dataset": "mind", "tokenizer": "cost", "recommender": "tiger", "seed": "0"}
    definition = load(DEFINITION).model_dump(mode="json")
    definition["tables"]["table2"]["rows"] = [{"label": "L_co", "tokenizer": "cost"}]
    definition["tables"]["table2"]["gains"] = []
    content = {name: value for name, value in definition.items() if name in Paper.model_fields}
    cells = [Cell("table2", "MIND", "cost", (run,), "").as_dict()]
    history, metrics = ({"path": f"far/results/recommenders/{name}"} for name in ("history.csv", "metrics.parquet"))
    made = {"rule": "ranking_table", "wildcards": {"paper": "cost", "exhibit": "table2"}, "inputs": [metrics]}
    table = "far/results/papers/cost/table2.csv"
    jobs = [
        {"rule": "train", "wildcards": named, "inputs": [], "outputs": [history], "config": {"options": {"epochs": 7}}},
        {"rule": "evaluate", "wildcards": named, "inputs": [history], "outputs": [metrics], "config": {}},
        {**made, "outputs": [{"path": table}], "config": {"shown": {"content": content, "cells": cells}}},
    ]
    provenance = folder / "papers/cost/table2.provenance.json"
    provenance.write_text(json.dumps({"table": table, "jobs": jobs}))
    (folder / "recommenders").mkdir()
    (folder / "recommenders/history.csv").write_text("epoch,loss\n1,3.5\n2,1.25\n")
    return folder


def claims_of(page):
    """The opening tag and the summary of each claim."""
    return re.findall(r'<details class="claim" ([^>]*)>\s*<summary>(.*?)</summary>', page.read_text(), re.DOTALL)
