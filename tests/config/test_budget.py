import pytest

from semtok.config.budget import budget


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 20_000, "batch_size": 256}, "20,000 steps of 256 items"),
        ({"steps": {"epochs": 1000}, "batch_size": 1024}, "1,000 epochs in steps of 1,024 items"),
        ({"steps": 5, "batch_size": None}, "5 steps of half the items"),
        ({"n_levels": 3}, ""),
    ],
)
def test_what_a_training_spends_in_words(options, words):
    assert budget(options) == words
