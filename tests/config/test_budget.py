import pytest

from semtok.config.budget import budget, recommender_in_words


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


def test_what_a_recommender_reads_in_words():
    training = {"epochs": 12, "samples_per_epoch": None}
    sasrec = {"max_items": 100, "model": {}, "training": training}
    assert recommender_in_words(sasrec) == "the last 100 items of a history, at most 12 epochs of every train record"
    cloze = sasrec | {"training": training | {"mask_ratio": 0.2, "last_item_ratio": 0.5}}
    assert recommender_in_words(cloze).endswith("every train record (20% of them masked, or in 50% of the windows one)")
    stan = sasrec | {"model": {"now": "target"}}
    assert recommender_in_words(stan) == f"{recommender_in_words(sasrec)}, the time of the target"
    assert recommender_in_words(stan | {"model": {"now": "last"}}) == recommender_in_words(sasrec)
    tiger = {
        "max_items": 64,
        "user_tokens": 2000,
        "collisions": "expand",
        "model": {"encoder": "causal"},
        "training": {"epochs": 3, "samples_per_epoch": 5000, "targets": "every"},
    }
    assert recommender_in_words(tiger) == (
        "the last 64 items of a history, at most 3 epochs of 5,000 samples drawn from the train records, a causal "
        "encoder instead of T5's, every target of a window in one pass, users as one of 2,000 tokens, items of equal "
        "codes in random order"
    )
