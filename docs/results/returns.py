"""Recall@10 of check-ins by where the user was before, of untrained lists of the own venues and of trained runs.

python docs/results/returns.py results/cpu nyc ids/sasrec rqvae/tiger-checkins simcit/tiger-checkins
    simcit/tiger-checkins/1
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

K = 10
SHORT = 8
"""As many check-ins as the generator of config/cpu.yaml sees."""

results, dataset, *runs = sys.argv[1:]
folder = Path(results, "data", dataset)
interactions = pd.read_parquet(folder / "interactions.parquet")
targets = pd.read_parquet(folder / "targets.parquet")
targets = targets[targets["split"] == "test"].set_index("target")
histories = [user.tolist() for _, user in interactions.groupby("user")["item"]]


def rank(listed: list[int], item: int) -> float:
    """From 1; infinite where the list lacks the item."""
    return listed.index(item) + 1 if item in listed else np.inf


groups = []
ranks: dict[str, list[float]] = {"own venues, most visited first": [], "own venues, latest first": []}
for user, item, position in zip(targets["user"], targets["item"], targets["position"], strict=True):
    history = histories[user][:position]
    latest = list(dict.fromkeys(reversed(history)))
    visits = Counter(history)
    ranks["own venues, most visited first"].append(rank(sorted(latest, key=lambda place: -visits[place]), item))
    ranks["own venues, latest first"].append(rank(latest, item))
    groups.append(f"last {SHORT}" if item in history[-SHORT:] else "earlier" if item in visits else "never")
for run in runs:
    tokenizer, recommender, *seed = run.split("/")
    trained = Path(results, "recommenders", dataset, tokenizer, recommender, *(seed or ["0"]))
    found = pd.read_parquet(trained / "ranks.parquet").set_index("target")["rank"].reindex(targets.index)
    ranks[run] = found.astype(float).fillna(np.inf).tolist()

hits = pd.DataFrame({name: np.array(of_one) <= K for name, of_one in ranks.items()})
table = (
    hits.groupby(pd.Series(groups)).mean().T.assign(all=hits.mean(), **{"all @5": (pd.DataFrame(ranks) <= 5).mean()})
)
print(pd.Series(groups).value_counts(normalize=True).round(3).to_dict())
print(table[[f"last {SHORT}", "earlier", "never", "all", "all @5"]].round(4).to_string())
