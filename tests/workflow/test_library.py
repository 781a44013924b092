"""The package in a notebook, over the results of a run."""

import json

import numpy as np
import pandas as pd
import pytest

from semtok import Recommender, export_codes
from semtok.errors import DataError
from support.project import Project


def test_a_recommender_ranks_as_the_workflow_did(finished: Project):
    results = finished.root / "results"
    data = results / "data/mind"
    raw_ids = pd.read_parquet(data / "items.parquet")["raw_id"].to_numpy()
    interactions, targets = (pd.read_parquet(data / f"{name}.parquet") for name in ("interactions", "targets"))
    targets = targets[targets["split"] == "test"].iloc[:5]
    histories = [
        raw_ids[interactions.loc[interactions["user"] == row.user, "item"].iloc[: row.position]].tolist()
        for row in targets.itertuples()
    ]
    ranks = pd.read_parquet(results / "recommenders/mind/cost/tiger/0/ranks.parquet").set_index("target")
    recommender = Recommender.load(results, "mind", "cost", "tiger")
    found = recommender.rank(histories, k=7)
    assert found == [raw_ids[ranks.loc[target, "top"][:7]].tolist() for target in targets["target"]]
    with pytest.raises(DataError, match=r"history 1: found \['nothing'\]"):
        recommender.rank([histories[0], [histories[0][0], "nothing"]])
    with pytest.raises(DataError, match="expected a run that was decoded"):
        Recommender.load(results, "mind", "cost", "tigr")


def test_exported_codes_are_what_others_read(finished: Project, tmp_path):
    index, ids = export_codes(finished.root / "results", "mind", "cost", tmp_path)
    codes = np.load(finished.root / "results/tokenizers/mind/cost/0/codes.npy")
    found = json.loads(index.read_text())
    assert found["2"] == [f"<{letter}_{code}>" for letter, code in zip("abc", codes[2], strict=True)]
    assert len(found) == len(codes) == len(ids.read_text().splitlines())
    raw_ids = pd.read_parquet(finished.root / "results/data/mind/items.parquet")["raw_id"]
    assert ids.read_text().splitlines()[2] == f"{raw_ids[2]}\t2"
