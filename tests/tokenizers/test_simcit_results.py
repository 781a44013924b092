import logging

import numpy as np
import pytest
import torch
from sklearn.metrics import normalized_mutual_info_score

from semtok.config.tokenizer_options import SinkhornRepair
from semtok.tokenizers import simcit_training
from semtok.tokenizers.measures import collision_rate, perplexity
from semtok.tokenizers.train import write_tokens
from support.tokenizers import codes_of, train_to_the_end, training_of


def test_history_describes_codes_and_means_of_losses(simcit, two_views):
    views, _ = two_views
    tokens = codes_of(simcit(), views)
    assert [row["step"] for row in tokens.history] == [5, 10, 15, 20, 24]
    assert [row["epoch"] for row in tokens.history] == [1, 2, 3, 4, 4]
    last = tokens.history[-1]
    coded = np.delete(tokens.codes, 50, axis=0)
    for level, column in enumerate(coded.T, start=1):
        assert last[f"perplexity_{level}"] == pytest.approx(perplexity(np.bincount(column)))
    assert last["collision_rate"] == collision_rate(coded)
    assert last["loss"] == pytest.approx(last["loss_text"] + last["loss_collaborative"], rel=1e-5)
    assert last["gumbel_temperature"] == 0.01
    assert 0 <= last["agreement_with_noise"] <= last["agreement"] <= 1
    # Every step in a row of its own: the mean over the steps of each longer row.
    each = [row["loss"] for row in codes_of(simcit(log_every=1), views).history]
    assert [row["loss"] for row in tokens.history] == pytest.approx(
        [np.mean(each[start : start + 5]) for start in range(0, 24, 5)], rel=1e-5
    )


def test_agreement_is_whole_when_alpha_is_small_and_there_is_no_noise(simcit, two_views):
    tokens = codes_of(simcit(noise="none", start_temperature=1e-4, end_temperature=1e-4), two_views[0])
    assert tokens.history[-1]["agreement"] == pytest.approx(1, abs=0.01)
    assert "agreement_with_noise" not in tokens.history[-1]


def test_watched_items_of_a_large_catalogue_are_a_fixed_sample(simcit, two_views, monkeypatch):
    monkeypatch.setattr(simcit_training, "WATCHED_ITEMS", 30)
    first, again, other = (training_of(simcit(), two_views[0], seed).watched for seed in (0, 0, 1))
    assert len(first) == 30
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_export_is_the_hard_search_without_noise(simcit, two_views, monkeypatch):
    views, _ = two_views
    training = training_of(simcit(codebook_size=16), views)
    train_to_the_end(training)
    codes, _ = training.code_all()
    with torch.no_grad():
        batch = training.views.batch(training.views.items, torch.device("cpu"))
        residual = training.model.encode(batch)[0]
        for level, book in enumerate(training.model.quantizer.books):
            expected = torch.cdist(residual, book).argmin(dim=1)
            assert codes[training.views.items, level].tolist() == expected.tolist()
            residual = residual - book[expected]
    for size in (1, 7, 1000):
        monkeypatch.setattr(simcit_training, "CODED_AT_ONCE", size)
        np.testing.assert_array_equal(training.code_all()[0], codes)


def test_item_without_any_view_is_coded_as_the_mean_latent(simcit, two_views):
    training = training_of(simcit(codebook_size=16), two_views[0])
    train_to_the_end(training)
    with torch.no_grad():
        latent, _ = training.model.encode(training.views.batch(training.views.items, torch.device("cpu")))
        expected = training.model.quantizer.assign(latent.mean(dim=0, keepdim=True))[0][0]
    assert training.code_all()[0][50].tolist() == expected.tolist()


def test_facts_count_what_is_missing(simcit, two_views):
    facts = codes_of(simcit(steps={"epochs": 1}), two_views[0]).facts
    assert facts["items_without_view"] == {"collaborative": 2, "text": 2}
    assert facts["items_without_any_view"] == 1
    assert facts["batch_size"] == 40
    assert facts["watched_items"] == 239


def test_collisions_are_repaired_if_asked_for(simcit, two_views):
    plain = codes_of(simcit(steps={"epochs": 1}), two_views[0])
    options = simcit(steps={"epochs": 1}, repair=SinkhornRepair(epsilon=0.003, iterations=50, rounds=20))
    repaired = codes_of(options, two_views[0])
    np.testing.assert_array_equal(repaired.raw_codes, plain.codes)
    assert collision_rate(repaired.codes) < collision_rate(plain.codes)
    np.testing.assert_array_equal(repaired.codes[:, :-1], plain.codes[:, :-1])
    assert repaired.facts["collision_rate_after_repair"] == collision_rate(repaired.codes)


def test_scale_of_the_distances_is_measured_and_told(simcit, two_views, caplog):
    caplog.set_level(logging.INFO)
    tokens = codes_of(simcit(steps={"epochs": 1}), two_views[0])
    training = training_of(simcit(steps={"epochs": 1}), two_views[0])
    training.start()
    with torch.no_grad():
        latent, _ = training.model.encode(training.views.batch(training.views.items, torch.device("cpu")))
        nearest = torch.cdist(latent, training.model.quantizer.books[0]).square().topk(2, largest=False).values
    expected = ((nearest[:, 1] - nearest[:, 0]) / 0.2).median().item()
    assert tokens.facts["median_gap_over_alpha_at_start"][0] == pytest.approx(expected, rel=1e-3)
    assert "alpha apart" not in caplog.text
    codes_of(simcit(steps={"epochs": 1}, start_temperature=1e-3, end_temperature=1e-3), two_views[0])
    assert "starts hard; set distance: mean" in caplog.text
    codes_of(simcit(steps={"epochs": 1}, encoder_initialization="torch"), two_views[0])
    assert "starts near uniform" in caplog.text


def test_fused_codes_find_what_neither_view_shows_alone(simcit, two_views):
    views, groups = two_views
    kept = np.setdiff1d(np.arange(240), [3, 50, 51])
    both = groups[:, 0] * 4 + groups[:, 1]
    common = {"codebook_size": 16, "steps": {"epochs": 60}, "learning_rate": 5e-3, "n_levels": 2}

    def information(codes, labels):
        return normalized_mutual_info_score(labels[kept], codes[kept, 0])

    fused = codes_of(simcit(**common), views).codes
    text = codes_of(simcit(views={"text": "t"}, **common), views).codes
    habit = codes_of(simcit(views={"collaborative": "c"}, **common), views).codes
    assert information(fused, both) > 0.85
    assert information(fused, both) > max(information(text, both), information(habit, both)) + 0.15
    assert information(text, groups[:, 1]) < 0.2
    assert information(habit, groups[:, 0]) < 0.2


def test_results_are_written_as_any_tokenizers(simcit, two_views, tmp_path):
    tokens = codes_of(simcit(steps={"epochs": 1}), two_views[0])
    write_tokens(tokens, tmp_path / "codes.npy", tmp_path / "model.safetensors", tmp_path / "history.csv")
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), tokens.codes)
    assert tokens.codes.dtype == np.int32
    assert (tmp_path / "history.csv").read_text().splitlines()[0].startswith("step,epoch,loss,loss_collaborative")
    assert {"encoders.text.0.mean", "quantizer.books.0", "projection.0.weight"} <= set(tokens.state)
