"""Made-up results of SimCIT: entries, runs, histories and codes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from semtok.config.papers import PaperConfig
from semtok.papers.claims import make_claims
from semtok.papers.statistics import Uncertainty
from semtok.plan import cells as plan
from semtok.plan.cells import Cell, Run
from semtok.plan.definition import load
from support.fabricated_results import REPOSITORY, results_from, staircase, write_metrics, write_stats

DEFINITION = REPOSITORY / "config/papers/simcit.yaml"
PRINTED = REPOSITORY / "config/papers/simcit-printed.csv"

_SHAPE = {"n_levels": 3, "codebook_size": 48}
_ALL = {"text": "t", "image": "i", "collaborative": "c", "spatial": "s"}
_SIMCIT = {
    **_SHAPE,
    "views": {**_ALL, "image": None},
    "latent_dim": 96,
    "temperature": 0.1,
    "codeword_regularizer": 0.0,
    "batch_size": 2048,
    "steps": {"epochs": 1000},
}
_ABLATIONS = ("no-projection", "hard-frozen", "hard-vq", "no-annealing", "no-noise", "released")
_SUBSETS = (
    *("text", "image", "collaborative", "spatial"),
    *("text+image", "text+collaborative", "text+spatial", "spatial+collaborative"),
)
TOKENIZERS: dict[str, dict[str, Any]] = {
    "random": {"n_levels": 3, "codebook_size": 64},
    "rqvae-tiger": {**_SHAPE, "codebook_size": 256},
    "letter": {"n_levels": 4, "codebook_size": 256},
    **{f"{name}-3x48": _SHAPE for name in ("rqvae", "cost", "letter")},
    "simcit": _SIMCIT,
    "simcit-200-epochs": {**_SIMCIT, "steps": {"epochs": 200}},
    "simcit-500-epochs": {**_SIMCIT, "steps": {"epochs": 500}},
    **{f"simcit-{name}": _SIMCIT for name in _ABLATIONS},
    **{
        f"simcit-{name}": {**_SIMCIT, "views": {m: e if m in name.split("+") else None for m, e in _ALL.items()}}
        for name in _SUBSETS
    },
}
RECOMMENDERS = ("tiger", "sasrec")
PLACES = {"tables": ["table1", "table2", "table3", "table4"], "figures": ["figure4", "figure5", "figure6", "figure7"]}


def paper_config(**changed: Any) -> PaperConfig:
    values = {
        "recommender": "tiger",
        "datasets": {"INS": None, "INS (2023)": None, "BEA": None, "BEA (2023)": None, "NYC": "nyc", "TKY": None},
        "lacking": {"NYC": ["image"]},
        **PLACES,
        "sweep_seeds": [0, 1, 2],
    }
    return PaperConfig.model_validate({**values, **changed})


def cells_of(exhibit: str, seeds: tuple[int, ...] = (0, 1, 2), **changed: Any) -> list[Cell]:
    return plan.cells(load(DEFINITION), paper_config(**changed), exhibit, seeds, TOKENIZERS, RECOMMENDERS)


def write_history(path: Path, phases: bool = True, seed: int = 0) -> Path:
    """A history as SimCIT logs it; with `phases` as the paper tells it, otherwise a loss that only falls."""
    step = np.arange(0, 3000, 50)
    share = step / step[-1]
    noise = np.random.default_rng(seed).normal(0, 0.005, len(step))
    rise = 1 / (1 + np.exp(-(share - 0.45) * 25))
    loss = 4 + 4 * np.exp(-share * 12) + (1.2 * rise * np.exp(-np.maximum(share - 0.5, 0) * 5) if phases else 0) + noise
    frame = pd.DataFrame({"step": step, "epoch": step // 10, "loss": loss})
    for i, modality in enumerate(("collaborative", "spatial", "text")):
        frame[f"loss_{modality}"] = loss * (0.25 + 0.08 * i)
    for level in range(3):
        frame[f"perplexity_{level + 1}"] = 6 + level + (34 * rise if phases else 34 * share)
    frame["collision_rate"] = 0.6 * (1 - rise) + 0.05
    frame["agreement"] = 0.7 + 0.3 * share
    frame["gumbel_temperature"] = np.maximum(0.01, 0.2 * np.exp(-3.75 * share))
    frame.to_csv(path, index=False)
    return path


def write_tokens(folder: Path, items: int = 1500, levels: int = 3, size: int = 48, dim: int = 16) -> tuple[Path, Path]:
    """Codes and a model whose codewords shrink from level to level, so that the codes are a hierarchy."""
    generator = np.random.default_rng(0)
    weights = 1 / np.arange(1, size + 1)
    codes = generator.choice(size, size=(items, levels), p=weights / weights.sum()).astype(np.int32)
    np.save(folder / "codes.npy", codes)
    books = {
        f"quantizer.books.{level}": (generator.normal(size=(size, dim)) * 0.3**level).astype(np.float32)
        for level in range(levels)
    }
    save_file({**books, "encoder.weight": np.zeros(3, dtype=np.float32)}, folder / "model.safetensors")
    return folder / "codes.npy", folder / "model.safetensors"


def write_diagnostics(
    path: Path,
    *,
    collisions: float = 0.1,
    perplexity: float = 0.8,
    use: float = 0.95,
    size: int = 48,
    purity: tuple[float | None, ...] = (0.2, 0.4, 0.6, 0.8),
    by_chance: tuple[float | None, ...] = (None, 0.2, 0.5, 0.7),
) -> Path:
    """The parts of a diagnostics.json that tables and claims read."""
    level = {"codebook_size": size, "perplexity": perplexity * size, "perplexity_share": perplexity, "utilisation": use}
    content = {
        "items": 500,
        "levels": [level] * 3,
        "tuples": {"collision_rate": collisions, "largest_group": 7},
        "purity": [
            {"depth": depth, "purity": 0.9, "purity_of_shared": value, "by_chance": chance}
            for depth, (value, chance) in enumerate(zip(purity, by_chance, strict=True))
        ],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


BASE = [200, 300, 420, 540]
WORSE = [140, 230, 330, 440]
WORST = [80, 160, 240, 330]


def judge(
    folder: Path,
    hits: dict[str, list[int]] | None = None,
    diagnostics: dict[str, dict[str, Any]] | None = None,
    phases: tuple[bool, ...] = (True, True, True),
    seeds: tuple[int, ...] = (0, 1, 2),
    source: str = "mirror",
    tokenizers: dict[str, dict[str, Any]] = TOKENIZERS,
    recommenders: tuple[str, ...] = RECOMMENDERS,
    resamples: int = 500,
    **changed: Any,
) -> pd.DataFrame:
    """The verdicts on fabricated runs, by id: hits within 5, 10, 20 and 40 by tokenizer or `dataset/tokenizer`.

    Tokenizers that `hits` does not name have `WORSE`; seeds differ a little.
    """
    content, config = load(DEFINITION), paper_config(**changed)
    cells = plan.claim_cells(content, config, seeds, tokenizers, recommenders)

    def metrics_of(run: Run) -> Path:
        shift = (run.seed * 7 + len(run.tokenizer)) % 3 - 1
        own = (hits or {}).get(f"{run.dataset}/{run.tokenizer}") or (hits or {}).get(run.tokenizer, WORSE)
        return write_metrics(folder, run, staircase([count + shift for count in own], targets=700))

    def diagnostics_of(run: Run) -> Path:
        own = {"collisions": 0.1, "perplexity": 0.8, "use": 0.95, **(diagnostics or {}).get(run.tokenizer, {})}
        noisy = {key: own[key] + 0.002 * run.seed for key in ("collisions", "perplexity", "use")}
        return write_diagnostics(folder / f"{run.tokenizer}-{run.seed}.json", **{**own, **noisy})

    made = {run: metrics_of(run) for run in plan.runs(cells, "ranks")}
    diagnosed = {run: diagnostics_of(run) for run in plan.coded(cells)}
    histories = {
        run: write_history(folder / f"history-{run.seed}.csv", phases[i], run.seed)
        for i, run in enumerate(plan.runs(cells, "training"))
    }
    labels: dict[str, str] = {}
    for exhibit in dict.fromkeys(claim.exhibit for claim in content.single_claims):
        labels |= plan.datasets(content, config, exhibit)
    stats = {
        name: write_stats(folder / f"{entry}-stats.json", source, 1075, items=5099) for name, entry in labels.items()
    }
    csv = folder / "claims.csv"
    make_claims(
        results_from(
            *(DEFINITION, PRINTED, "simcit", "claims", cells),
            {"metrics": made, "diagnostics": diagnosed, "history": histories},
            *(stats, Uncertainty(resamples, 0.95, 0)),
        ),
        *([csv, folder / "claims.md", folder / "claims.html"], folder / "comparisons.csv"),
    )
    return pd.read_csv(csv, keep_default_na=False).set_index("id")
