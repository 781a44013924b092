import numpy as np
import pytest
import torch

from semtok.errors import SemtokError
from semtok.tokenizers import vectors as module
from semtok.tokenizers.autoencoder_training import AutoencoderTraining
from semtok.tokenizers.cost import CoST
from semtok.tokenizers.rqvae import RQVAE
from semtok.tokenizers.train import tokenize
from support.tokenizers import catalogue, files, one_epoch, train_to_the_end


@pytest.mark.parametrize("method", ["rqvae", "cost", "letter"])
@pytest.mark.parametrize("interrupted_in", [2, 5])
def test_resumed_training_is_the_uninterrupted_one(
    request, clusters, written, tmp_path, monkeypatch, method, interrupted_in
):
    # The sixth epoch has 2 of its 8 steps. Dead codes are moved, so that the counts of unused epochs have to survive.
    options = request.getfixturevalue(method)(
        dead_code_epochs=2, codebook_size=32, steps=42, learning_rate=0.01, selection="fewest-collisions"
    )
    items, vectors = written(clusters[0], collaborative=clusters[0][:, :8])
    whole = tokenize(options, items, vectors, seed=3)
    assert sum(row["moved_codewords"] for row in whole.history) > 0

    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    batches, trained = AutoencoderTraining.batches, []

    def interrupted(self, epoch):
        trained.append(epoch)
        for number, batch in enumerate(batches(self, epoch)):
            if number == 2 and epoch == interrupted_in and trained.count(epoch) == 1:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(AutoencoderTraining, "batches", interrupted)
    checkpoint = tmp_path / "checkpoint.pt"
    with pytest.raises(KeyboardInterrupt):
        tokenize(options, items, vectors, 3, checkpoint, "identity")
    torch.manual_seed(999)
    resumed = tokenize(options, items, vectors, 3, checkpoint, "identity")

    assert trained == [*range(1, interrupted_in + 1), *range(interrupted_in, 7)]
    assert resumed.state.keys() == whole.state.keys()
    for name, array in whole.state.items():
        np.testing.assert_array_equal(resumed.state[name], array, err_msg=name)
    assert files(resumed, tmp_path / "resumed") == files(whole, tmp_path / "whole")


def test_checkpoint_of_another_identity_is_not_used(rqvae, clusters, written, tmp_path, monkeypatch):
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    items, vectors = written(clusters[0])
    tokenize(rqvae(steps={"epochs": 1}), items, vectors, 0, tmp_path / "checkpoint.pt", "one")
    other = tokenize(rqvae(steps={"epochs": 2}), items, vectors, 1, tmp_path / "checkpoint.pt", "two")
    fresh = tokenize(rqvae(steps={"epochs": 2}), items, vectors, 1)
    assert other.history == fresh.history


def test_seeds_differ_and_the_same_seed_does_not(rqvae, clusters, written):
    items, vectors = written(clusters[0])
    first, again, other = (tokenize(rqvae(), items, vectors, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.codes, again.codes)
    assert first.history == again.history
    assert first.history != other.history


def test_training_leaves_the_random_state_of_others_alone(rqvae, clusters, written):
    items, vectors = written(clusters[0])
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    tokenize(rqvae(steps={"epochs": 1}), items, vectors, 5)
    torch.testing.assert_close(torch.rand(3), expected)


def test_every_item_with_a_vector_is_seen_once_an_epoch(rqvae):
    vectors = np.arange(50, dtype=np.float32)[:, None].repeat(2, axis=1)
    vectors[7] = np.nan
    training = AutoencoderTraining(RQVAE, rqvae(batch_size=20), catalogue(vectors), seed=0)
    first, second = (torch.cat(list(training.batches(epoch))).tolist() for epoch in (1, 2))
    assert [len(batch) for batch in training.batches(1)] == [20, 20, 9]
    assert sorted(first) == sorted(second) == [number for number in range(50) if number != 7]
    assert first != second


@pytest.mark.parametrize(
    # Batches of 20: a last batch of 9 is below half and dropped, one of 10 is not, an only batch never is.
    ("n_items", "sizes"),
    [(49, [20, 20]), (50, [20, 20, 10]), (40, [20, 20]), (8, [8])],
)
def test_contrast_drops_a_short_last_batch(cost, n_items, sizes):
    vectors = np.random.default_rng(0).normal(size=(n_items, 4)).astype(np.float32)
    training = AutoencoderTraining(CoST, cost(batch_size=20), catalogue(vectors), seed=0)
    assert [len(batch) for batch in training.batches(1)] == sizes


@pytest.mark.parametrize(
    # CoST: the first batch. From 128 codewords, or where a batch is smaller than the book: 10 points a codeword.
    ("codebook_size", "batch_size", "initialization", "points"),
    [
        (8, 32, "kmeans-batch", 32),
        (127, 128, "kmeans-batch", 128),
        (128, 512, "kmeans-batch", 3 * 512),
        (16, 8, "kmeans-batch", 160),
        (8, 32, "kmeans-all", 2000),
    ],
)
def test_books_are_fitted_to_as_many_latents_as_the_option_says(
    rqvae, monkeypatch, codebook_size, batch_size, initialization, points
):
    vectors = np.random.default_rng(0).normal(size=(2000, 4)).astype(np.float32)
    options = rqvae(codebook_size=codebook_size, batch_size=batch_size, initialization=initialization)
    training = AutoencoderTraining(RQVAE, options, catalogue(vectors), seed=9)
    fitted = []
    monkeypatch.setattr(training.model.quantizer, "initialize", lambda latent, seed: fitted.append((latent, seed)))
    training.start()
    [(latent, seed)] = fitted
    assert len(latent) == points
    assert seed == 9
    if initialization == "kmeans-batch":
        first = training.vectors(next(iter(training.batches(1))))
        torch.testing.assert_close(latent[:batch_size], training.model.encode(first))


def test_normal_initialization_fits_nothing(rqvae, clusters):
    training = AutoencoderTraining(RQVAE, rqvae(initialization="normal"), catalogue(clusters[0]), seed=0)
    before = [book.detach().clone() for book in training.model.quantizer.books]
    training.start()
    torch.testing.assert_close(before, [book.detach() for book in training.model.quantizer.books])


def test_dead_codewords_move_to_residuals_and_lose_their_moments(rqvae, clusters):
    training = AutoencoderTraining(
        RQVAE, rqvae(dead_code_epochs=2, codebook_size=4, n_levels=2), catalogue(clusters[0]), seed=0
    )
    one_epoch(training)
    books = training.model.quantizer.books
    before = [book.detach().clone() for book in books]
    moments = [training.optimizer.state[book]["exp_avg_sq"].clone() for book in books]
    training.counts = np.array([[60, 60, 60, 60], [120, 0, 120, 0]])
    assert training.end_epoch(1) == {"moved_codewords": 0}
    training.counts[1, 3] = 1
    assert training.end_epoch(2) == {"moved_codewords": 1}
    torch.testing.assert_close(books[0].detach(), before[0])
    torch.testing.assert_close(books[1][[0, 2, 3]].detach(), before[1][[0, 2, 3]])
    assert not training.optimizer.state[books[1]]["exp_avg"][1].any()
    assert not training.optimizer.state[books[1]]["exp_avg_sq"][1].any()
    torch.testing.assert_close(training.optimizer.state[books[1]]["exp_avg_sq"][[0, 2, 3]], moments[1][[0, 2, 3]])
    # It now lies within the noise of some item's residual at level 2.
    with torch.no_grad():
        residuals = training.model.quantizer.assign(training.model.encode(training.vectors(training.present)))[1][1]
    distance = (residuals - books[1][1]).norm(dim=1).min()
    assert 0 < distance < 0.1 * residuals.norm(dim=1).mean()
    assert not training.unused_epochs[1, 1]


def test_dead_codewords_of_a_shared_book_are_those_unused_at_every_level(rqvae, clusters):
    options = rqvae(dead_code_epochs=1, codebook_size=4, n_levels=2, shared_codebook=True)
    training = AutoencoderTraining(RQVAE, options, catalogue(clusters[0]), seed=0)
    one_epoch(training)
    before = training.model.quantizer.books[0].detach().clone()
    training.counts = np.array([[240, 0, 0, 0], [0, 0, 120, 120]])
    assert training.end_epoch(1) == {"moved_codewords": 1}
    changed = (training.model.quantizer.books[0] != before).any(dim=1)
    assert changed.tolist() == [False, True, False, False]


def test_loss_of_the_history_is_the_mean_over_the_items(rqvae, clusters, monkeypatch):
    training = AutoencoderTraining(
        RQVAE, rqvae(batch_size=100, steps={"epochs": 1}, initialization="normal"), catalogue(clusters[0]), seed=0
    )
    monkeypatch.setattr(training.optimizer, "step", lambda: None)
    row = train_to_the_end(training).history[0]
    with torch.no_grad():
        whole = training.model.losses(training.vectors(training.present), training.present)
    expected = {name: value.item() for name, value in whole.items()}
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-5)


def test_weight_decay_is_that_of_adamw(rqvae, clusters):
    norms = []
    for decay in (0.0, 0.5):
        training = AutoencoderTraining(
            RQVAE, rqvae(weight_decay=decay, learning_rate=0.01), catalogue(clusters[0]), seed=0
        )
        train_to_the_end(training)
        norms.append(sum(value.detach().square().sum().item() for value in training.model.parameters()))
    assert norms[1] < 0.9 * norms[0]


def test_weights_that_the_last_step_spoils_are_a_clear_error(rqvae, clusters, written):
    items, vectors = written(clusters[0])
    spoiling = rqvae(steps={"epochs": 1}, batch_size=10_000, learning_rate=1e39)
    with pytest.raises(SemtokError, match=r"RQVAE: found weights that are not finite numbers.*lower learning_rate"):
        tokenize(spoiling, items, vectors, seed=0)


def test_loss_that_is_no_number_is_a_clear_error(rqvae, clusters, written):
    items, vectors = written(clusters[0])
    with pytest.raises(SemtokError, match=r"RQVAE: the loss is (nan|inf) in epoch \d, step \d;.*lower learning_rate"):
        tokenize(rqvae(learning_rate=1e25), items, vectors, seed=0)


@pytest.mark.parametrize("method", ["rqvae", "cost"])
def test_bfloat16_keeps_weights_and_losses_in_float32(request, clusters, written, monkeypatch, method):
    options = request.getfixturevalue(method)(steps={"epochs": 2})
    full = tokenize(options, *written(clusters[0]), seed=0)
    monkeypatch.setenv("SEMTOK_DTYPE", "bfloat16")
    half = tokenize(options, *written(clusters[0]), seed=0)
    assert half.facts["dtype"] == "bfloat16"
    assert all(array.dtype == np.float32 for array in half.state.values())
    assert half.history[-1]["loss"] == pytest.approx(full.history[-1]["loss"], rel=0.05)
    assert half.history[-1]["loss"] != full.history[-1]["loss"]


@pytest.mark.parametrize("method", ["rqvae", "cost", "letter"])
def test_a_file_too_large_to_stay_in_memory_makes_the_same_training(request, clusters, written, monkeypatch, method):
    options = request.getfixturevalue(method)(dead_code_epochs=1, learning_rate=0.01)
    made = written(clusters[0], collaborative=clusters[0][:, :8])
    small = tokenize(options, *made, seed=0)
    gathered = []
    monkeypatch.setattr(module, "KEPT_BYTES", 1000)
    monkeypatch.setattr(module, "GATHERED", 7)
    monkeypatch.setattr(module, "release", lambda array: gathered.append(array.nbytes))
    large = tokenize(options, *made, seed=0)
    # A look at all of it when it is opened, and from then on 7 rows at a time: batches of 32 take 5 goes.
    assert len(gathered) > options.steps.epochs * 240 / 32 * 5
    assert large.history == small.history
    np.testing.assert_array_equal(large.codes, small.codes)
    for name, array in small.state.items():
        np.testing.assert_array_equal(large.state[name], array, err_msg=name)
