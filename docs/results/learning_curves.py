"""Draw how the generators of a page learned: validation Recall@10 by epoch, a line a tokenizer.

python docs/results/learning_curves.py results/cpu mind tiger docs/results/cost-mind-sample.svg
"""

import sys
from pathlib import Path

import pandas as pd

from semtok.papers.figures import canvas

results, dataset, recommender, picture = sys.argv[1:]
paths = sorted(Path(results, "recommenders", dataset).glob(f"*/{recommender}/*/history.csv"))
runs = [pd.read_csv(path).assign(tokenizer=path.parents[2].name, seed=path.parent.name) for path in paths]
frame = pd.concat(runs).dropna(subset=["recall@10"])
with canvas.style():
    figure, (recalls, losses) = canvas.plots(2, f"Learning of {recommender} on {dataset}", [], synthetic=False)
    for colour, (tokenizer, of_one) in zip(canvas.COLOURS, frame.groupby("tokenizer"), strict=False):
        recalls.plot(of_one["epoch"], of_one["recall@10"], color=colour, label=tokenizer, marker="o", markersize=3)
        losses.plot(of_one["epoch"], of_one["loss"], color=colour, label=tokenizer, marker="o", markersize=3)
    recalls.set(xlabel="epoch", ylabel="validation Recall@10", ylim=(0, None))
    losses.set(xlabel="epoch", ylabel="training loss, nats a token")
    recalls.legend(frameon=False)
    columns = ["tokenizer", "seed", "epoch", "loss", "recall@10", "ndcg@10"]
    canvas.write(figure, frame[columns], Path(picture).with_suffix(".csv"), [Path(picture)])
