"""Made-up results with known truth."""

import json
import pickle
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from semtok.config.papers import PaperConfig
from semtok.papers import TABLES
from semtok.papers.metrics import evaluate_run
from semtok.papers.results import Files, Results, origin_of
from semtok.papers.statistics import Uncertainty
from semtok.papers.table_files import write_table
from semtok.plan.cells import Cell, Run
from semtok.plan.definition import load
from semtok.plan.printed import read_printed

BEAM = 50
RANKING = "semtok.papers.ranking_table"


def ranks_frame(ranks: list[int | None], users: list[int] | None = None, beam: int = BEAM) -> pd.DataFrame:
    """A `ranks.parquet` with these ranks; target i is item i, the rest of the beam are items from 100,000 on."""
    top = np.tile(np.arange(100_000, 100_000 + beam), (len(ranks), 1))
    for target, rank in enumerate(ranks):
        if rank is not None:
            top[target, rank - 1] = target
    target = np.arange(len(ranks))
    user = target if users is None else users
    frame = pd.DataFrame({"target": target, "user": user, "item": target, "rank": ranks, "top": top.tolist()})
    return frame.astype({"target": "int32", "user": "int32", "item": "int32", "rank": "Int32"})


def drawn_ranks(recall: float, targets: int, seed: int, beam: int = BEAM, spread: float = 1.0) -> pd.DataFrame:
    """Ranks of which a share of about `recall` is in the beam; a `spread` below 1 crowds them at the top.

    The users are equally difficult whatever the seed, so that methods are as correlated as real ones.
    """
    difficulty = np.random.default_rng(12345).random(targets)
    generator = np.random.default_rng(seed)
    difficulty = np.where(generator.random(targets) < 0.8, difficulty, generator.random(targets))
    hit = difficulty < recall
    position = generator.integers(1, max(2, int(beam * spread)) + 1, size=targets)
    return ranks_frame([int(p) if h else None for p, h in zip(position, hit, strict=True)], beam=beam)


_METRICS: dict[bytes, bytes] = {}
"""By their ranks: many made-up runs have the same."""


def write_metrics(folder: Path, run: Run, frame: pd.DataFrame) -> Path:
    """The metrics of made-up ranks, at every k that the papers have."""
    path = folder / f"{run.dataset}-{run.tokenizer}-{run.recommender}-{run.seed}.parquet"
    key = pickle.dumps(frame)
    if key not in _METRICS:
        ranks = folder / f"ranks-{path.name}"
        frame.to_parquet(ranks, index=False)
        evaluate_run(ranks, [5, 10, 20, 40, 100, 1000], path.with_suffix(".csv"), path)
        _METRICS[key] = path.read_bytes()
    path.write_bytes(_METRICS[key])
    return path


def write_untrained(path: Path, frame: pd.DataFrame) -> Path:
    """An `untrained.parquet` over the targets of made-up ranks.

    Popularity has the target at its number from 1, recency never; train holds the first target's item never and each
    other's as often as its number says; the users had the even ones two interactions ago and the others never.
    """
    targets = frame[["target", "user", "item"]].copy()
    targets["train_count"] = targets["target"]
    targets["last_had"] = pd.array([None if target % 2 else 2 for target in targets["target"]], dtype="Int32")
    for name in ("popularity", "recency", "frequency", "co-occurrence", "content", "random", "oracle"):
        targets[name] = pd.array([None] * len(targets), dtype="Int32")
    targets["popularity"] = pd.array(targets["target"] + 1, dtype="Int32")
    targets["oracle"] = pd.array([1 if count else None for count in targets["train_count"]], dtype="Int32")
    targets.to_parquet(path, index=False)
    return path


def write_stats(path: Path, source: str = "synthetic", users: int = 700, **changed: Any) -> Path:
    length = {"min": 15, "max": 70, "mean": 25.0, "median": 22.0}
    stats = {"source": source, "users": users, "items": 500, "interactions": 17500, "length": length, **changed}
    path.write_text(json.dumps(stats), encoding="utf-8")
    return path


REPOSITORY = Path(__file__).parents[2]
DEFINITION = REPOSITORY / "config/papers/cost.yaml"
PRINTED = REPOSITORY / "config/papers/cost-printed.csv"

_COST = {"n_levels": 3, "codebook_size": 64, "latent_dim": 96, "temperature": 0.1, "steps": 4800, "batch_size": 256}
TOKENIZERS: dict[str, dict[str, Any]] = {
    "random": {"n_levels": 3, "codebook_size": 64},
    "rqvae": {key: value for key, value in _COST.items() if key != "temperature"},
    "cost": _COST,
    "cost+reconstruction": _COST,
    "cost-20-epochs": {**_COST, "steps": 960},
    "cost-50-epochs": {**_COST, "steps": 2400},
}


def paper_config(**changed: Any) -> PaperConfig:
    values = {
        "recommender": "tiger",
        "datasets": {"MIND": "mind", "Office(S)": "office-small", "Office(L)": "office-large"},
        "tables": ["table1", "table2", "table3"],
        "figures": ["figure3", "figure4"],
        "sweep_seeds": [0],
    }
    return PaperConfig.model_validate({**values, **changed})


def write_diagnostics(path: Path, collisions: float = 0.125, nearest: float = 0.05, random: float = 0.001) -> Path:
    """The parts of a diagnostics.json that tables and claims read."""
    depths = [{"depth": 1, "nearest_distinct": 0.7, "random": 0.1}]
    depths.append({"depth": 2, "nearest_distinct": nearest, "random": random})
    content = {
        "items": 500,
        "levels": [{"perplexity": 40.5}, {"perplexity": 30.0}],
        "tuples": {"collision_rate": collisions, "largest_group": 7, "joint_entropy_share": None},
        "neighbourhoods": {"depths": depths},
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def staircase(hits: list[int], targets: int = 1500) -> pd.DataFrame:
    """Ranks with exactly so many hits within 5, 10, 20 and 40; the first targets are the easy ones for everybody."""
    ranks: list[int | None] = []
    for count, rank in zip(hits, (5, 10, 20, 40), strict=True):
        ranks += [rank] * (count - len(ranks))
    return ranks_frame([*ranks, *[None] * (targets - len(ranks))])


def results_from(
    definition: Path,
    printed: Path,
    paper: str,
    name: str,
    cells: Sequence[Cell],
    files: Mapping[str, Files],
    stats: Mapping[str, Path],
    uncertainty: Uncertainty,
    targets: Mapping[str, Path] | None = None,
) -> Results:
    """Of a whole definition, as no job has it."""
    content, numbers = load(definition), read_printed(printed)
    origins = {dataset: origin_of(content, dataset, path) for dataset, path in stats.items()}
    return Results(paper, name, content, numbers, cells, files, stats, origins, uncertainty, targets or {})


def made_table(folder: Path, results: Results) -> pd.DataFrame:
    """The files of a table in a folder; its tidy numbers."""
    files = [folder / f"{results.name}.{suffix}" for suffix in ("csv", "md", "tex", "html")]
    write_table(import_module(TABLES.get(results.content.kind(results.name), RANKING)).make(results), files)
    return pd.read_csv(files[0])
