"""Recall of lists that nothing was trained for, beside trained runs, over the test targets of a dataset.

python docs/results/untrained.py results/cpu beauty minilm 'ids/sasrec+max_items=50' rqvae/tiger-reviews

Popular: the most frequent of train. Co-occurrence: for each item of the history its cosine with others over users of
train, added up. Text: cosine with the mean text vector of the history. Nothing is left out of any list, as in all
tables; but the last column leaves out what the user has had, of trained runs among their 50 best.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, diags_array

from semtok.run.files import read_array

KS = (5, 10)
BLOCK = 1000

results, dataset, encoder, *runs = sys.argv[1:]
folder = Path(results, "data", dataset)
interactions = pd.read_parquet(folder / "interactions.parquet")
targets = pd.read_parquet(folder / "targets.parquet")
targets = targets[targets["split"] == "test"].set_index("target")
vectors = np.array(read_array(Path(results, "encoders", dataset, f"{encoder}.npy")), dtype=np.float32)
n_users, n_items = interactions["user"].max() + 1, len(vectors)


def counts_of(rows: pd.DataFrame) -> csr_array:
    """How often each user has each item."""
    ones = np.ones(len(rows), dtype=np.float32)
    return csr_array((ones, (rows["user"], rows["item"])), shape=(n_users, n_items))


train = counts_of(interactions[interactions["split"] == "train"])
popularity = train.sum(axis=0)
joint = (train.T @ train).tocsr()
joint.setdiag(0)
scale = diags_array(1 / np.sqrt(np.maximum(popularity, 1)))
cosine = (scale @ joint @ scale).tocsr()
texts = np.nan_to_num(vectors) / np.maximum(np.linalg.norm(np.nan_to_num(vectors), axis=1, keepdims=True), 1e-9)

position = interactions.groupby("user").cumcount()
last = interactions["user"].map(targets.set_index("user")["position"])
history = counts_of(interactions[position < last])
found: dict[str, list[float]] = {"popular": [], "co-occurrence": [], "text": []}
left: dict[str, list[float]] = {name: [] for name in found}  # among what the user has not had
for start in range(0, len(targets), BLOCK):
    block = targets.iloc[start : start + BLOCK]
    had = history[block["user"].to_numpy()]
    seen = had.toarray() > 0
    scores = {
        "popular": np.tile(popularity, (len(block), 1)),
        "co-occurrence": (had @ cosine).toarray() + 1e-9 * popularity,
        "text": (had @ texts) @ texts.T,
    }
    for name, of_items in scores.items():
        own = of_items[np.arange(len(block)), block["item"]][:, None]
        # Ties count against the target.
        found[name] += (of_items >= own).sum(axis=1).tolist()
        left[name] += ((of_items >= own) & ~seen).sum(axis=1).tolist()
for run in runs:
    tokenizer, recommender = run.split("/")
    ranks = pd.read_parquet(Path(results, "recommenders", dataset, tokenizer, recommender, "0", "ranks.parquet"))
    ranks = ranks.set_index("target").reindex(targets.index)
    found[run] = ranks["rank"].astype(float).fillna(np.inf).tolist()
    had_of = np.split(history.indices, history.indptr[1:-1])
    before = [
        np.isin(top[: int(rank) - 1], had_of[user]).sum() if rank <= len(top) else 0
        for user, top, rank in zip(targets["user"], ranks["top"], found[run], strict=True)
    ]
    left[run] = (np.array(found[run]) - before).tolist()

table = pd.DataFrame({f"@{k}": {name: np.mean(np.array(of_one) <= k) for name, of_one in found.items()} for k in KS})
frequency = popularity[targets["item"]]
for low, high in ((0, 4), (5, 9), (10, 29), (30, np.inf)):
    chosen = (frequency >= low) & (frequency <= high)
    table[f"@10, {low}-{high} in train ({chosen.mean():.2f})"] = [
        np.mean(np.array(of_one)[chosen] <= 10) for of_one in found.values()
    ]
table["@10, not had"] = [np.mean(np.array(of_one) <= 10) for of_one in left.values()]
print(table.round(4).to_string())
