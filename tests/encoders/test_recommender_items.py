import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from semtok.config.encoders import RecommenderItemsEncoder
from semtok.encoders.recommender_items import encode_items
from semtok.errors import DataError

OPTIONS = RecommenderItemsEncoder(method="recommender-items", recommender="sasrec-32", seed=1)
INTERACTIONS = pd.DataFrame(
    {
        "user": [0, 0, 0, 0, 1, 1],
        "item": [0, 3, 1, 2, 3, 4],
        "split": ["train", "train", "valid", "test", "train", "context"],
    }
)


@pytest.fixture
def model(tmp_path):
    def write(n_items=5, name="item.weight"):
        path = tmp_path / "model.safetensors"
        weights = np.arange(3 * n_items, dtype=np.float32).reshape(n_items, 3)
        save_file({name: weights, "position.weight": np.ones((7, 3), dtype=np.float32)}, path)
        return path

    return write


def test_items_without_a_train_record_are_missing(model):
    vectors, facts = encode_items(OPTIONS, model(), INTERACTIONS)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors[[0, 3]], [[0, 1, 2], [9, 10, 11]])
    assert np.isnan(vectors[[1, 2, 4]]).all()
    assert facts["items_without_train_record"] == 3
    assert (facts["items"], facts["dimensions"], facts["recommender"], facts["seed"]) == (5, 3, "sasrec-32", 1)
    assert facts["mean_norm"] == pytest.approx((5**0.5 + 302**0.5) / 2)


def test_another_model_is_refused(model):
    with pytest.raises(DataError, match=r"model.safetensors: found no item.weight; expected a recommender over plain"):
        encode_items(OPTIONS, model(name="embedding.weight"), INTERACTIONS)
    with pytest.raises(DataError, match="found vectors of 6 items; expected those of the 5"):
        encode_items(OPTIONS, model(n_items=6), INTERACTIONS)
