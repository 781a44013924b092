import math

import numpy as np
import pandas as pd
import pytest

from semtok.errors import ConfigError, DataError
from semtok.papers.metrics import OF_RANKS
from semtok.papers.samples import Measured
from semtok.papers.statistics import Uncertainty
from semtok.papers.user_metrics import evaluate_run, read_metrics, user_metrics
from semtok.plan.cells import Run
from semtok.plan.metrics import METRICS
from support.fabricated_results import ranks_frame, write_metrics

RUN, OTHER = Run("mind", "cost", "tiger", 0), Run("mind", "rqvae", "tiger", 0)


def written(folder, frame, ks):
    frame.to_parquet(folder / "ranks.parquet", index=False)
    evaluate_run(folder / "ranks.parquet", ks, folder / "metrics.csv", folder / "metrics.parquet")
    return read_metrics(folder / "metrics.parquet")


def test_sums_over_each_users_targets(tmp_path):
    frame = ranks_frame([1, 3, None, 6], users=[7, 9, 7, 9]).sample(frac=1, random_state=0)
    metrics = written(tmp_path, frame, [5, 10])
    assert metrics.users.tolist() == [7, 9]
    assert metrics.targets.tolist() == [2, 2]
    assert metrics.column("recall", 5).tolist() == [1, 1]
    assert metrics.column("recall", 10).tolist() == [1, 2]
    assert metrics.column("ndcg", 10).tolist() == pytest.approx([1, 1 / 2 + 1 / math.log2(7)])
    means = pd.read_csv(tmp_path / "metrics.csv").set_index(["metric", "k"])
    for (metric, k), earned in metrics.earned.items():
        assert means.loc[(metric, k), "value"] == pytest.approx(earned.sum() / 4)
    assert means.loc[("recall", 10), ["user_value", "targets", "users"]].tolist() == [0.75, 4, 2]


def test_the_file_keeps_every_number(tmp_path):
    frame = ranks_frame([1, 3, None, 6], users=[7, 9, 7, 9])
    kept, made = written(tmp_path, frame, [5, 10]), user_metrics(frame, [5, 10])
    assert (kept.beam, kept.checksum) == (made.beam, made.checksum)
    assert list(kept.earned) == list(made.earned)
    assert all(np.array_equal(kept.earned[key], made.earned[key]) for key in made.earned)


def test_a_beam_tells_nothing_beyond_itself(tmp_path):
    metrics = written(tmp_path, ranks_frame([1, 2], beam=10), [5, 100])
    assert set(pd.read_csv(tmp_path / "metrics.csv")["k"]) == {5}
    with pytest.raises(ConfigError, match="k = 100; expected 1 to 10, the beam"):
        metrics.column("recall", 100)
    with pytest.raises(DataError, match="expected recall@7 among them"):
        metrics.column("recall", 7)


def test_ranks_are_checked_before_they_count(tmp_path):
    frame = ranks_frame([1, 3])
    frame.loc[1, "rank"] = 4
    with pytest.raises(DataError, match="target 1: found rank 4"):
        written(tmp_path, frame, [5])


@pytest.mark.parametrize("change", [{"user": 5}, {"item": 5, "rank": None}, {"target": 5}])
def test_runs_on_other_targets_are_not_compared(tmp_path, change):
    paths = {RUN: write_metrics(tmp_path, RUN, ranks_frame([1, None]))}
    other = ranks_frame([1, None])
    for column, value in change.items():
        other.loc[1, column] = value
    paths[OTHER] = write_metrics(tmp_path, OTHER, other)
    with pytest.raises(DataError, match="found other targets than in"):
        Measured(paths, {"cost": [RUN], "rqvae": [OTHER]}, [("recall", 5)], Uncertainty(100, 0.95, 0))


def test_what_is_no_file_of_scores(tmp_path):
    path = tmp_path / "metrics.parquet"
    path.write_text("no parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_metrics(path)
    ranks_frame([1]).to_parquet(path)
    with pytest.raises(DataError, match="expected the metrics of a run"):
        read_metrics(path)


def test_every_metric_of_ranks_is_computed():
    assert list(OF_RANKS) == [name for name, entry in METRICS.items() if entry.needs == "ranks"]
