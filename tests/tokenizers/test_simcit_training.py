import logging

import numpy as np
import pytest
import torch
from sklearn.metrics import normalized_mutual_info_score

from semtok.config.tokenizers import SinkhornRepair
from semtok.errors import ConfigError, SemtokError
from semtok.tokenizers import epochs, simcit_training
from semtok.tokenizers.measures import collision_rate, perplexity
from semtok.tokenizers.residual_quantizer import kmeans
from semtok.tokenizers.simcit import SimCIT
from semtok.tokenizers.simcit_training import Training
from semtok.tokenizers.train import tokenize, write
from semtok.tokenizers.views import Views


def codes_of(options, views, seed=0):
    return tokenize(options, "items.parquet", {name: views[name] for name in encoded(options)}, seed)


def encoded(options):
    return [name for name, entry in options.views.items() if entry]


def training_of(options, views, seed=0):
    return Training(SimCIT, options, Views({name: views[name] for name in encoded(options)}), seed)


@pytest.mark.parametrize("interrupted_in", [2, 4])
@pytest.mark.parametrize("search", ["soft", "hard-vq"])
def test_resumed_training_is_the_uninterrupted_one(simcit, two_views, tmp_path, monkeypatch, interrupted_in, search):
    # 6 steps an epoch, a row every 5: losses summed for the next row have to survive too.
    views, _ = two_views
    options = simcit(search=search)
    whole = tokenize(options, "items.parquet", views, seed=3)
    monkeypatch.setattr(epochs, "CHECKPOINT_SECONDS", 0)
    train_epoch, trained = Training.train_epoch, []

    def interrupt(self, epoch):
        trained.append(epoch)
        if epoch == interrupted_in and trained.count(epoch) == 1:
            raise KeyboardInterrupt
        return train_epoch(self, epoch)

    monkeypatch.setattr(Training, "train_epoch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        tokenize(options, "items.parquet", views, 3, tmp_path / "checkpoint.pt", "identity")
    torch.manual_seed(999)
    resumed = tokenize(options, "items.parquet", views, 3, tmp_path / "checkpoint.pt", "identity")

    assert trained == [*range(1, interrupted_in + 1), *range(interrupted_in, 5)]
    assert resumed.history == whole.history
    np.testing.assert_array_equal(resumed.codes, whole.codes)
    assert resumed.state.keys() == whole.state.keys()
    for name, array in whole.state.items():
        np.testing.assert_array_equal(resumed.state[name], array, err_msg=name)
    assert resumed.facts["median_gap_over_alpha_at_start"] == whole.facts["median_gap_over_alpha_at_start"]


def test_seeds_differ_and_the_same_seed_does_not(simcit, two_views):
    first, again, other = (codes_of(simcit(), two_views[0], seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.codes, again.codes)
    assert first.history == again.history != other.history


def test_training_leaves_the_random_state_of_others_alone(simcit, two_views):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    codes_of(simcit(epochs=1), two_views[0], 5)
    torch.testing.assert_close(torch.rand(3), expected)


def test_noise_is_new_at_every_step_and_of_the_step_alone(simcit, two_views):
    training, later = (training_of(simcit(), two_views[0]) for _ in range(2))
    first = training._noise(4, "noise")
    assert first.shape == (3, 4, 8)
    training.step = later.step = 7
    later.epoch = 3
    assert torch.equal(training._noise(4, "noise"), later._noise(4, "noise"))
    assert not torch.equal(training._noise(4, "noise"), first)
    assert not torch.equal(training._noise(4, "noise"), training._noise(4, "watched noise"))
    assert training_of(simcit(search="hard-vq"), two_views[0])._noise(4, "noise") is None
    annealed = training_of(simcit(noise="annealed"), two_views[0])._noise(4, "noise")
    torch.testing.assert_close(annealed, first * 0.2)


def test_order_of_the_views_changes_nothing(simcit, two_views):
    views, _ = two_views
    turned = dict(reversed(views.items()))
    first = tokenize(simcit(epochs=1), "items.parquet", views, 0)
    second = tokenize(simcit(epochs=1), "items.parquet", turned, 0)
    np.testing.assert_array_equal(first.codes, second.codes)
    assert first.history == second.history


@pytest.mark.parametrize(
    # A last batch below half is dropped, unless it is the only one; null: half of the 239 items with a view.
    ("batch_size", "sizes"),
    [(40, [40] * 5 + [39]), (100, [100, 100]), (159, [159, 80]), (160, [160]), (500, [239]), (None, [119, 119])],
)
def test_batches_of_an_epoch(simcit, two_views, batch_size, sizes):
    training = training_of(simcit(batch_size=batch_size), two_views[0])
    first, second = (list(training.batches(epoch)) for epoch in (1, 2))
    assert [len(batch) for batch in first] == sizes
    items = np.concatenate(first)
    assert len(np.unique(items)) == len(items)
    assert 50 not in items
    assert not np.array_equal(items, np.concatenate(second))
    assert training.n_steps == 4 * len(sizes)


def test_one_item_is_no_contrast(simcit, tmp_path):
    np.save(tmp_path / "text.npy", np.array([[1.0, 2.0], [np.nan, np.nan]], dtype=np.float32))
    with pytest.raises(ConfigError, match="a contrast needs two"):
        codes_of(simcit(views={"text": "t"}), {"text": tmp_path / "text.npy"})


def test_temperature_over_the_steps(simcit, two_views):
    training = training_of(simcit(), two_views[0])
    seen = []
    for step in range(training.n_steps + 1):
        training.step = step
        seen.append(training.temperature())
    # 24 steps, 80% of them 19.2.
    assert seen[0] == 0.2
    assert seen[12] == pytest.approx(0.2 * 0.05 ** (12 / 19.2))
    assert seen[19] > 0.01
    assert seen[20:] == [0.01] * 5
    training = training_of(simcit(annealing="constant"), two_views[0])
    training.step = 24
    assert training.temperature() == 0.2


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
    training.run()
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
    training.run()
    with torch.no_grad():
        latent, _ = training.model.encode(training.views.batch(training.views.items, torch.device("cpu")))
        expected = training.model.quantizer.assign(latent.mean(dim=0, keepdim=True))[0][0]
    assert training.code_all()[0][50].tolist() == expected.tolist()


def test_facts_count_what_is_missing(simcit, two_views):
    facts = codes_of(simcit(epochs=1), two_views[0]).facts
    assert facts["items_without_view"] == {"collaborative": 2, "text": 2}
    assert facts["items_without_any_view"] == 1
    assert facts["batch_size"] == 40
    assert facts["watched_items"] == 239


def test_collisions_are_repaired_if_asked_for(simcit, two_views):
    plain = codes_of(simcit(epochs=1), two_views[0])
    options = simcit(epochs=1, repair=SinkhornRepair(epsilon=0.003, iterations=50, rounds=20))
    repaired = codes_of(options, two_views[0])
    np.testing.assert_array_equal(repaired.raw_codes, plain.codes)
    assert collision_rate(repaired.codes) < collision_rate(plain.codes)
    np.testing.assert_array_equal(repaired.codes[:, :-1], plain.codes[:, :-1])
    assert repaired.facts["collision_rate_after_repair"] == collision_rate(repaired.codes)


def test_an_item_that_lacks_all_views_teaches_nothing(simcit, two_views, tmp_path):
    views, _ = two_views
    whole = codes_of(simcit(), views)
    fewer = {}
    for name, path in views.items():
        fewer[name] = tmp_path / f"fewer_{name}.npy"
        np.save(fewer[name], np.delete(np.load(path), 50, axis=0))
    without = codes_of(simcit(), fewer)
    np.testing.assert_array_equal(np.delete(whole.codes, 50, axis=0), without.codes)
    for name, array in without.state.items():
        np.testing.assert_array_equal(whole.state[name], array)


def test_books_are_fitted_to_fused_latents_of_the_first_batches(simcit, two_views):
    # 10 points a codeword: 80, two batches of 40.
    training = training_of(simcit(), two_views[0])
    items = np.concatenate(list(training.batches(1)))[:80]
    with torch.no_grad():
        latent, _ = training.model.encode(training.views.batch(items, torch.device("cpu")))
    training._initialize_books()
    expected = kmeans(latent.double().numpy(), 8, seed=0)
    np.testing.assert_allclose(training.model.quantizer.books[0].detach(), expected, atol=1e-5)


def test_other_initializations(simcit, two_views):
    uniform = training_of(simcit(initialization="uniform", codebook_size=48, latent_dim=96), two_views[0])
    uniform._initialize_books()
    book = uniform.model.quantizer.books[0].detach()
    assert 0 <= book.min() < book.max() < 1
    assert book.mean().item() == pytest.approx(0.5, abs=0.02)
    normal = training_of(simcit(initialization="normal"), two_views[0])
    before = normal.model.quantizer.books[0].detach().clone()
    normal._initialize_books()
    assert torch.equal(normal.model.quantizer.books[0], before)


def test_frozen_codewords_stay_as_they_were(simcit, two_views):
    training = training_of(simcit(search="hard-frozen"), two_views[0])
    training._initialize_books()
    before = [book.detach().clone() for book in training.model.quantizer.books]
    encoder = training.model.encoders["text"][1].weight.detach().clone()
    training.train_epoch(1)
    assert all(map(torch.equal, before, training.model.quantizer.books))
    assert not torch.equal(encoder, training.model.encoders["text"][1].weight)


@pytest.mark.parametrize(
    "changed",
    [
        {"projection": "identity"},
        {"projection": "mlp"},
        {"search": "hard-frozen"},
        {"search": "hard-vq"},
        {"annealing": "constant"},
        {"noise": "none"},
        {"noise": "annealed"},
        {"fusion": "tanh"},
        {"fusion": "mean"},
        {"activation": "silu"},
        {"encoder_bias": False},
        {"codeword_regularizer": 1.0},
        {"temperature": 0.07},
        {"distance": "mean"},
        {"shared_codebook": True},
        {"initialization": "uniform"},
        {"optimizer": "adam"},
        {"schedule": "constant"},
        {"warmup": 0.5},
        {"standardize": False},
        {"encoder_initialization": "torch"},
        {"views": {"text": "t"}},
    ],
)
def test_every_option_makes_another_training(simcit, two_views, changed):
    plain = codes_of(simcit(epochs=1), two_views[0])
    other = codes_of(simcit(epochs=1, **changed), two_views[0])
    assert np.isfinite(other.history[-1]["loss"])
    assert other.history[-1]["loss"] != plain.history[-1]["loss"]


def test_masking_duplicates_matters_where_there_are_some(simcit, two_views, tmp_path):
    views, _ = two_views
    vectors = np.load(views["text"])
    vectors[100:140] = vectors[100]
    views["text"] = tmp_path / "equal.npy"
    np.save(views["text"], vectors)
    plain, masked = (codes_of(simcit(epochs=1, mask_duplicates=mask), views).history[-1] for mask in (False, True))
    assert masked["loss_text"] < plain["loss_text"]


def test_learning_rate_follows_its_schedule(simcit, two_views):
    training = training_of(simcit(warmup=0.25, learning_rate=0.01), two_views[0])
    rates = []
    for items in [next(iter(training.batches(1)))] * 24:
        training.train_step(items)
        rates.append(training.optimizer.param_groups[0]["lr"])
        training.step += 1
    assert rates[:7] == pytest.approx([0.01 * step / 6 for step in (1, 2, 3, 4, 5, 6, 6)])
    assert rates[15] == pytest.approx(0.005)


def test_loss_that_is_no_number_is_a_clear_error(simcit, two_views):
    with pytest.raises(SemtokError, match=r"SimCIT: the loss is (nan|inf) by step \d+.*lower learning_rate"):
        codes_of(simcit(learning_rate=1e25), two_views[0])


def test_scale_of_the_distances_is_measured_and_told(simcit, two_views, caplog):
    caplog.set_level(logging.INFO)
    tokens = codes_of(simcit(epochs=1), two_views[0])
    training = training_of(simcit(epochs=1), two_views[0])
    training._initialize_books()
    with torch.no_grad():
        latent, _ = training.model.encode(training.views.batch(training.views.items, torch.device("cpu")))
        nearest = torch.cdist(latent, training.model.quantizer.books[0]).square().topk(2, largest=False).values
    expected = ((nearest[:, 1] - nearest[:, 0]) / 0.2).median().item()
    assert tokens.facts["median_gap_over_alpha_at_start"][0] == pytest.approx(expected, rel=1e-3)
    assert "alpha apart" not in caplog.text
    codes_of(simcit(epochs=1, start_temperature=1e-3, end_temperature=1e-3), two_views[0])
    assert "starts hard; set distance: mean" in caplog.text
    codes_of(simcit(epochs=1, encoder_initialization="torch"), two_views[0])
    assert "starts blind" in caplog.text


def test_fused_codes_find_what_neither_view_shows_alone(simcit, two_views):
    views, groups = two_views
    kept = np.setdiff1d(np.arange(240), [3, 50, 51])
    both = groups[:, 0] * 4 + groups[:, 1]
    common = {"codebook_size": 16, "epochs": 40, "learning_rate": 3e-3, "n_levels": 2}

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
    tokens = codes_of(simcit(epochs=1), two_views[0])
    write(tokens, tmp_path / "codes.npy", tmp_path / "model.safetensors", tmp_path / "history.csv")
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), tokens.codes)
    assert tokens.codes.dtype == np.int32
    assert (tmp_path / "history.csv").read_text().splitlines()[0].startswith("step,epoch,loss,loss_collaborative")
    assert {"encoders.text.0.mean", "quantizer.books.0", "projection.0.weight"} <= set(tokens.state)


def test_bfloat16_keeps_weights_and_losses_in_float32(simcit, two_views, monkeypatch):
    full = codes_of(simcit(epochs=1), two_views[0])
    monkeypatch.setenv("SEMTOK_DTYPE", "bfloat16")
    half = codes_of(simcit(epochs=1), two_views[0])
    assert all(array.dtype == np.float32 for array in half.state.values())
    assert half.history[-1]["loss"] == pytest.approx(full.history[-1]["loss"], rel=0.05)
