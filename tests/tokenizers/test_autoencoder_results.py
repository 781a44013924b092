import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import normalized_mutual_info_score

from semtok.tokenizers import autoencoder_training
from semtok.tokenizers.autoencoder_training import AutoencoderTraining
from semtok.tokenizers.measures import collision_rate, perplexity
from semtok.tokenizers.rqvae import RQVAE
from semtok.tokenizers.train import tokenize
from support.tokenizers import catalogue, files, train_to_the_end


def test_history_describes_the_codes_that_are_exported(cost, clusters, written):
    items, vectors = written(clusters[0])
    tokens = tokenize(cost(reconstruction=True), items, vectors, seed=0)
    assert [row["epoch"] for row in tokens.history] == [1, 2, 3, 4, 5]
    assert {"loss", "contrast", "quantization", "reconstruction", "collision_rate", "moved_codewords"} <= set(
        tokens.history[0]
    )
    last = tokens.history[-1]
    for level, column in enumerate(tokens.codes.T, start=1):
        assert last[f"perplexity_{level}"] == pytest.approx(perplexity(np.bincount(column)))
    assert last["collision_rate"] == collision_rate(tokens.codes)
    assert last["residual_norm_3"] < last["residual_norm_0"]


def test_codes_do_not_depend_on_how_many_are_exported_at_a_time(rqvae, clusters, monkeypatch):
    training = AutoencoderTraining(RQVAE, rqvae(codebook_size=16, steps={"epochs": 2}), catalogue(clusters[0]), seed=0)
    train_to_the_end(training)
    expected, norms = training.assign()
    for size in (1, 7, 239):
        monkeypatch.setattr(autoencoder_training, "EXPORT_BATCH", size)
        codes, other_norms = training.assign()
        np.testing.assert_array_equal(codes, expected)
        assert other_norms == pytest.approx(norms)


def test_items_without_a_vector_share_the_codes_of_the_mean_and_teach_nothing(rqvae, clusters, written):
    vectors = clusters[0].copy()
    vectors[[3, 50]] = np.nan
    holes = tokenize(rqvae(), *written(vectors), seed=0)
    assert holes.facts["items_without_vector"] == 2
    np.testing.assert_array_equal(holes.codes[3], holes.codes[50])
    without = tokenize(rqvae(), *written(np.delete(vectors, [3, 50], axis=0)), seed=0)
    np.testing.assert_array_equal(np.delete(holes.codes, [3, 50], axis=0), without.codes)
    for name, array in without.state.items():
        np.testing.assert_array_equal(holes.state[name], array)
    # The mean as an item of its own.
    everyone = np.concatenate([vectors, np.nanmean(vectors, axis=0, keepdims=True)])
    training = AutoencoderTraining(RQVAE, rqvae(), catalogue(everyone), seed=0)
    training.model.load_state_dict({name: torch.from_numpy(array) for name, array in holes.state.items()})
    np.testing.assert_array_equal(training.assign()[0][-1], holes.codes[3])


def test_selection_takes_the_epoch_of_fewest_collisions_and_of_equals_the_last(rqvae, clusters, monkeypatch):
    rates = iter([0.1, 0.3, 0.2, 0.4, 0.2, 0.3, 0.5])
    monkeypatch.setattr(autoencoder_training, "SELECTION_POINTS", 3)
    monkeypatch.setattr(autoencoder_training, "collision_rate", lambda codes: next(rates))
    training = AutoencoderTraining(
        RQVAE, rqvae(steps={"epochs": 7}, selection="fewest-collisions"), catalogue(clusters[0]), seed=0
    )
    weights, row = {}, AutoencoderTraining.row

    def remember(self, progress, losses):
        weights[progress.epoch] = [value.detach().clone() for value in self.model.parameters()]
        return row(self, progress, losses)

    monkeypatch.setattr(AutoencoderTraining, "row", remember)
    # Candidates are the epochs 2, 4, 6 and the last: 0.3, 0.4, 0.3, 0.5.
    assert train_to_the_end(training).best_epoch == 6
    torch.testing.assert_close([value.detach() for value in training.model.parameters()], weights[6])


def test_the_last_epoch_is_exported_unless_another_is_asked_for(rqvae, clusters, written):
    made = written(clusters[0])
    last = tokenize(rqvae(steps={"epochs": 4}), *made, seed=0)
    best = tokenize(rqvae(steps={"epochs": 4}, selection="fewest-collisions"), *made, seed=0)
    assert last.facts["epoch"] == 4
    rates = [row["collision_rate"] for row in best.history]
    assert best.history == last.history
    assert collision_rate(best.codes) == rates[best.facts["epoch"] - 1] == min(rates)


def test_last_residuals_and_book_are_what_the_last_code_was_chosen_by(rqvae, clusters):
    vectors = clusters[0].copy()
    vectors[3] = np.nan
    training = AutoencoderTraining(RQVAE, rqvae(steps={"epochs": 2}), catalogue(vectors), seed=0)
    train_to_the_end(training)
    codes, _ = training.assign()
    residuals, book = training.last_residuals(), training.model.quantizer.last_book()
    assert residuals.shape == (240, 8)
    np.testing.assert_array_equal(np.square(residuals[:, None] - book[None]).sum(axis=2).argmin(axis=1), codes[:, -1])


@pytest.mark.parametrize("method", ["rqvae", "cost"])
def test_first_code_finds_the_clusters(request, clusters, written, method):
    vectors, labels = clusters
    options = request.getfixturevalue(method)(learning_rate=5e-3, steps={"epochs": 30}, initialization="kmeans-all")
    tokens = tokenize(options, *written(vectors), seed=0)
    assert normalized_mutual_info_score(labels, tokens.codes[:, 0]) > 0.9
    assert tokens.history[-1]["loss"] < 0.8 * tokens.history[0]["loss"]


def test_rows_of_the_history_file_have_no_index(rqvae, clusters, written, tmp_path):
    tokens = tokenize(rqvae(steps={"epochs": 2}), *written(clusters[0]), seed=0)
    files(tokens, tmp_path / "out")
    frame = pd.read_csv(tmp_path / "out" / "history.csv")
    assert list(frame["epoch"]) == [1, 2]
    assert list(frame.columns) == list(tokens.history[0])
