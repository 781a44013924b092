"""Made-up results of STORE, whose generators and scorers are taken for entries of the config."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from semtok.config.papers import PaperConfig
from semtok.papers.candidates import evaluate_lists
from semtok.papers.claims import make_claims
from semtok.papers.results import Results
from semtok.papers.statistics import Uncertainty
from semtok.plan import cells as plan
from semtok.plan.cells import Cell, Run
from semtok.plan.definition import CLAIMS, load
from semtok.plan.remarks import with_remarks
from support import fabricated_simcit
from support.fabricated_results import REPOSITORY, results_from, staircase, write_metrics, write_stats, write_untrained

DEFINITION = REPOSITORY / "config/papers/store.yaml"
PRINTED = REPOSITORY / "config/papers/store-printed.csv"
CODES = {"encoder": "opt-states", "n_levels": 4, "codebook_size": 256, "latent_dim": 32}
TOKENIZERS: dict[str, dict[str, Any]] = {
    "rqvae-tiger": {**CODES, "n_levels": 3},
    "store-rqvae": CODES,
    "lc-rec": CODES,
    "store": {"encoder": "dense-opt", "n_levels": 4, "codebook_size": 256},
}
ENCODERS = {"opt-states": {"method": "language-states"}, "dense-opt": {"method": "dense-tokenizer"}}
NAMES = ("store", "store-no-alignment", "lc-rec", "p5", "tiger-opt", "tiger-small", "sasrec-store")
RECOMMENDERS = {name: {"decoding": {"constraint": "trie"}} for name in NAMES}
SCORERS = {name: {"method": "zero-shot", "prompt": "click"} for name in ("opt-zero-shot", "bert-zero-shot")}
BETTER, GOOD, WORSE = [200, 300, 400, 500], [80, 120, 200, 300], [20, 40, 80, 120]
AS_PRINTED: Mapping[str, list[int]] = {
    **{name: WORSE for name in ("sasrec-store", "p5", "store+decoding.constraint=position")},
    **{name: GOOD for name in ("tiger-small", "tiger-opt", "lc-rec", "store-no-alignment")},
    **{"store": BETTER, "store-rqvae/store+share_weights=null": GOOD},
}
"""Hits within 5, 10, 20 and 40 by recommender, or by tokenizer and recommender."""
KNOWS = {"opt-zero-shot": 0.5, "opt-codes": 0.5}
"""How much higher a scorer scores what was clicked; others not at all."""


def paper_config(**changed: Any) -> PaperConfig:
    values = {
        "recommender": "store",
        "datasets": {"MIND": "mind-store", "Yelp": "yelp"},
        "tables": ["table1", "table2", "table3", "table4", "table4-decoders", "table5", "table5-wordings"],
        "figures": [],
        "sweep_seeds": [0],
    }
    return PaperConfig.model_validate({**values, **changed})


def cells_of(exhibit: str, seeds: Sequence[int] = (0, 1, 2), **changed: Any) -> list[Cell]:
    given = (load(DEFINITION), paper_config(**changed))
    sections = (TOKENIZERS, RECOMMENDERS, SCORERS)
    made = (
        plan.claim_cells(*given, seeds, *sections)
        if exhibit == CLAIMS
        else plan.cells(*given, exhibit, seeds, *sections)
    )
    return with_remarks(made, TOKENIZERS, ENCODERS)


def results_of(
    folder: Path,
    exhibit: str,
    seeds: Sequence[int] = (0, 1, 2),
    source: str = "mirror",
    right: float = 0.95,
    hits: Mapping[str, list[int]] = AS_PRINTED,
    knows: Mapping[str, float] = KNOWS,
    users: int = 7000,
    items: int = 500,
    **changed: Any,
) -> Results:
    """Runs whose hits are `hits`, dense tokens whose answers are `right` but for the seeds, and scorers whose scores
    are random but for what each `knows` of the clicks."""
    cells = cells_of(exhibit, seeds, **changed)
    ranked = plan.runs(cells, "ranks")
    metrics = {run: _metrics(folder, run, hits) for run in ranked if not run.is_untrained}
    lists = {run: folder / f"{run.dataset}-untrained.parquet" for run in ranked if run.is_untrained}
    for path in set(lists.values()):
        write_untrained(path, staircase(WORSE, targets=700))
    scored = {run: _scored(folder, run, knows) for run in plan.runs(cells, "candidates")}
    for run, path in scored.items():
        lists[run] = path.with_name(f"lists-{path.name}")
        evaluate_lists(path, lists[run])
    (folder / "facts.json").write_text(json.dumps({"overlap@20": 0.99}))
    uses = {
        "store": {"perplexity": 0.8, "use": 0.99, "gini": 0.2},
        "store-rqvae": {"perplexity": 0.4, "use": 0.6, "gini": 0.6},
    }
    files = {
        "metrics": metrics | lists,
        "scored": scored,
        "facts": dict.fromkeys(metrics, folder / "facts.json"),
        "diagnostics": {run: _diagnosed(folder, run, uses) for run in plan.coded(cells)},
        "dense": {run: _dense(folder, run, right) for cell in cells if cell.dense for run in cell.runs},
        "history": {},
    }
    datasets = plan.datasets(load(DEFINITION), paper_config(**changed), exhibit)
    held_out = {"test": 700, "valid": 70}
    stats = {
        name: write_stats(folder / f"{entry}.json", source, users, items=items, held_out_users=held_out)
        for name, entry in datasets.items()
    }
    return results_from(DEFINITION, PRINTED, "store", exhibit, cells, files, stats, Uncertainty(1000, 0.95, 0))


def judge(folder: Path, **options: Any) -> pd.DataFrame:
    """The verdicts, by id."""
    folder.mkdir(exist_ok=True)
    csv = folder / "claims.csv"
    files = [csv, folder / "claims.md", folder / "claims.html"]
    make_claims(results_of(folder, CLAIMS, **options), files, folder / "comparisons.csv")
    return pd.read_csv(csv, keep_default_na=False).set_index("id")


def _metrics(folder: Path, run: Run, hits: Mapping[str, list[int]]) -> Path:
    own = hits.get(f"{run.tokenizer}/{run.recommender}") or hits.get(run.recommender, WORSE)
    share = 0.3 if run.dataset == "yelp" else 1
    return write_metrics(folder, run, staircase([int(share * count) + run.seed for count in own], targets=700))


def _scored(folder: Path, run: Run, knows: Mapping[str, float]) -> Path:
    generator = np.random.default_rng(0)
    user = np.repeat(np.arange(60), 8)
    clicked = np.tile([True, False, False, True, False, False, False, False], 60)
    frame = pd.DataFrame({"user": user, "item": np.arange(len(user)), "clicked": clicked})
    path = folder / f"{run.tokenizer}-{run.recommender}-{run.seed}.parquet"
    frame.assign(score=generator.normal(size=len(user)) + knows.get(run.recommender, 0.0) * clicked).to_parquet(path)
    return path


def _diagnosed(folder: Path, run: Run, uses: Mapping[str, Mapping[str, float]]) -> Path:
    own = uses.get(run.tokenizer, {"perplexity": 0.5, "use": 0.8, "gini": 0.4})
    path = folder / f"{run.tokenizer}-{run.seed}.json"
    given = {"perplexity": own["perplexity"], "use": own["use"] - 0.002 * run.seed, "size": 256}
    fabricated_simcit.write_diagnostics(path, **given)
    content = json.loads(path.read_text())
    content["levels"] = [{**level, "gini": own["gini"] + 0.002 * run.seed} for level in content["levels"]]
    path.write_text(json.dumps(content))
    return path


def _dense(folder: Path, run: Run, right: float) -> Path:
    fields = {"mind-store": ("title", "abstract", "category", "subcategory"), "yelp": ("name", "city", "state")}
    reads = {"title", "abstract", "name", "city"}
    found = {
        field: {
            "task": "reconstruction" if field in reads else "generation",
            **{"answers": 20, "tokens": 100, "accuracy": right - 0.001 * run.seed, "accuracy_of_another_item": 0.3},
        }
        for field in fields[run.dataset]
    }
    path = folder / f"dense-{run.dataset}-{run.seed}.json"
    path.write_text(json.dumps({"held_out_answers": found}))
    return path
