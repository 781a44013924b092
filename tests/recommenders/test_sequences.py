import numpy as np
import pandas as pd
import pytest

from semtok.errors import DataError
from semtok.recommenders.sequences import Samples, Sequences, target_samples, train_samples

TABLE = pd.DataFrame(
    {
        "user": [0, 0, 0, 0, 2, 2, 2],
        "item": [5, 6, 7, 8, 1, 2, 3],
        "split": ["train", "train", "valid", "test", "context", "train", "train"],
    }
)


def samples(user, position):
    return Samples(np.array(user), np.array(position), np.zeros(len(user), dtype=np.int64))


def test_histories_are_the_last_items_oldest_first():
    sequences = Sequences.from_interactions(TABLE)
    histories = sequences.histories(samples([0, 2, 0], [3, 1, 1]), max_items=2)
    assert histories.items.tolist() == [[6, 7], [1, 0], [5, 0]]
    assert histories.real.tolist() == [[True, True], [True, False], [True, False]]
    assert histories.lengths.tolist() == [2, 1, 1]
    assert TABLE["item"].to_numpy()[histories.records[histories.real]].tolist() == [6, 7, 1, 5]


def test_a_user_without_interactions_takes_no_room():
    assert Sequences.from_interactions(TABLE).starts.tolist() == [0, 4, 4, 7]


def test_train_samples_are_train_records_with_a_predecessor():
    found = train_samples(TABLE)
    assert list(zip(found.user, found.position, found.item, strict=True)) == [(0, 1, 6), (2, 1, 2), (2, 2, 3)]


def test_held_out_records_before_a_train_record_are_refused():
    table = TABLE.copy()
    table.loc[1, "split"] = "valid"
    table.loc[2, "split"] = "train"
    with pytest.raises(DataError, match=r"row 2.*user 0"):
        train_samples(table)


def test_nothing_to_learn_is_refused():
    with pytest.raises(DataError, match="nothing to learn"):
        train_samples(TABLE[TABLE["split"] != "train"].reset_index(drop=True))


def test_disorder_is_refused():
    with pytest.raises(DataError, match="row 1"):
        Sequences.from_interactions(TABLE.iloc[::-1].iloc[[0, 6]])


def test_targets_of_a_split():
    targets = pd.DataFrame(
        {"user": [0, 0, 2], "position": [2, 3, 1], "item": [7, 8, 2], "split": ["valid", "test", "test"]}
    )
    sequences = Sequences.from_interactions(TABLE)
    found = target_samples(targets, "test", sequences)
    assert (found.user.tolist(), found.position.tolist(), found.item.tolist()) == ([0, 2], [3, 1], [8, 2])
    for position in (0, 5):
        with pytest.raises(DataError, match="user 0"):
            target_samples(targets.assign(position=position), "test", sequences)
    with pytest.raises(DataError, match="users from 3 to 3"):
        target_samples(targets.assign(user=3), "test", sequences)
