"""Recall@10 of the test targets by how often train holds the target: what codes share helps the rare, if anything does.

python docs/results/by_frequency.py results/cpu mind tiger random rqvae cost cost+reconstruction
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

K, GROUPS = 10, 4

results, dataset, recommender, *tokenizers = sys.argv[1:]
interactions = pd.read_parquet(Path(results, "data", dataset, "interactions.parquet"))
n_items = interactions["item"].max() + 1
counts = np.bincount(interactions.loc[interactions["split"] == "train", "item"], minlength=n_items)
table = {}
for tokenizer in tokenizers:
    ranks = pd.read_parquet(Path(results, "recommenders", dataset, tokenizer, recommender, "0", "ranks.parquet"))
    of_target = counts[ranks["item"]]
    group = np.searchsorted(np.quantile(of_target, np.linspace(0, 1, GROUPS + 1)[1:-1]), of_target, side="left")
    hit = (ranks["rank"] <= K).fillna(False).astype(float)
    table |= {"in train": [f"{of_target[group == g].min()}-{of_target[group == g].max()}" for g in range(GROUPS)]}
    table |= {"targets": [int((group == g).sum()) for g in range(GROUPS)]}
    table |= {tokenizer: [round(hit[group == g].mean(), 4) for g in range(GROUPS)]}
print(pd.DataFrame(table).to_string(index=False))
