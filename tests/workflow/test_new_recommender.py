"""A stranger adds a recommender: one module, one class of options and one entry of the config, and nothing else."""

import pandas as pd
import yaml

from support.project import Job, Project

MODULE = '''"""A Markov chain: the next item depends on the last one alone."""

import numpy as np
import torch
import torch.nn.functional as F

from semtok.recommenders.item_ids import decode_over_ids, train_over_ids
from semtok.recommenders.item_model import ItemModel


class MarkovChain(ItemModel):
    """Scores of the next item by the last one."""

    def __init__(self, n_items):
        super().__init__()
        self.transitions = torch.nn.Embedding(n_items, n_items)

    def loss(self, windows):
        """The summed cross-entropy of the items to predict []."""
        is_learned = self.tensor(windows.is_learned)  # (B, T)
        scores = self.transitions(self.tensor(windows.histories.items)[is_learned])  # (N, n_items)
        return F.cross_entropy(scores, self.tensor(windows.following)[is_learned], reduction="sum")

    def scores(self, histories):
        """[B, n_items]."""
        last = np.take_along_axis(histories.items, histories.lengths[:, None] - 1, axis=1)  # (B, 1)
        return self.transitions(self.tensor(last[:, 0]))


def build(task):
    """A new chain for the catalogue of the task."""
    return MarkovChain(task.sequences.n_items)


def train(task, checkpoint, identity):
    """See `train_over_ids`."""
    return train_over_ids(task, checkpoint, identity, build)


def decode(task, weights):
    """See `decode_over_ids`."""
    return decode_over_ids(task, weights, build)
'''
OPTIONS = '''class Markov(RecommenderOptions):
    """A Markov chain over plain item ids."""

    module = "semtok.recommenders.markov"
    reads_ids = True
    ranked_by = "top"

    method: Literal["markov"]
    max_items: PositiveInt
    training: TrainingOptions
    decoding: FullRankingOptions


RecommenderClass = TIGER | DecoderOnly | SASRec | Markov
'''
RUN = "results/recommenders/mind/ids/markov/0"


def test_one_module_one_class_and_one_entry(project: Project):
    (project.root / "src/semtok/recommenders/markov.py").write_text(MODULE)
    project.edit_file("src/semtok/config/recommenders.py", "RecommenderClass = TIGER | DecoderOnly | SASRec\n", OPTIONS)
    sasrec = yaml.safe_load((project.root / "config/config.yaml").read_text())["recommenders"]["sasrec"]
    entry = {"method": "markov", **{key: sasrec[key] for key in ("max_items", "training", "decoding")}}
    project.edit_config("recommenders.markov", entry | {"training": entry["training"] | {"epochs": 2}})

    project.snakemake("--cores", "1", "--", f"{RUN}/scores.csv")
    scores = pd.read_csv(project.root / RUN / "scores.csv")
    assert scores["value"].between(0, 1).all()
    assert len(pd.read_csv(project.root / RUN / "history.csv")) == 2
    # A change of how it ranks trains nothing.
    project.edit_file("src/semtok/recommenders/markov.py", "return decode_over_ids(", "return decode_over_ids(*[], ")
    wildcards = "dataset=mind, tokenizer=ids, recommender=markov, seed=0"
    assert project.dry_run(f"{RUN}/scores.csv") == {Job(rule, wildcards) for rule in ("decode", "score")}
