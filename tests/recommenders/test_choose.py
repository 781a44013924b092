import numpy as np
import pandas as pd
import pytest

from semtok.errors import DataError
from semtok.recommenders.choose import choose


def history(*recalls, ndcg=0.0):
    return pd.DataFrame({"epoch": range(1, len(recalls) + 1), "recall@10": recalls, "ndcg@10": ndcg})


def test_the_highest_recall_of_any_validation_wins():
    values = [{"training.learning_rate": rate} for rate in (0.1, 0.2, 0.3)]
    found = choose(
        values, [history(np.nan, 0.3, np.nan, 0.2), history(0.1, 0.4, 0.35), history(0.1, 0.2, np.nan, 0.39)]
    )
    assert found == {
        "chosen": {"training.learning_rate": 0.2},
        "recall@10": 0.4,
        "epoch": 2,
        "trials": [
            {"values": values[0], "recall@10": 0.3, "epoch": 2},
            {"values": values[1], "recall@10": 0.4, "epoch": 2},
            {"values": values[2], "recall@10": 0.39, "epoch": 4},
        ],
    }


def test_of_equals_the_first_of_the_grid_is_chosen():
    found = choose([{"a": 1}, {"a": 2}], [history(0.2, 0.5), history(0.5, 0.5)])
    assert (found["chosen"], found["epoch"]) == ({"a": 1}, 2)


def test_the_epoch_is_the_one_whose_weights_are_kept():
    (found,) = choose([{"a": 1}], [history(0.3, 0.5, 0.5, 0.5, ndcg=[0.4, 0.1, 0.3, 0.2])])["trials"]
    assert (found["recall@10"], found["epoch"]) == (0.5, 3)


def test_nothing_is_chosen_without_a_validation():
    with pytest.raises(DataError, match=r"trial \{'a': 2\}: never validated"):
        choose([{"a": 1}, {"a": 2}], [history(0.2), history(np.nan)])
