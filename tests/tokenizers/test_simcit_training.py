import numpy as np
import pytest
import torch

from semtok.errors import ConfigError, SemtokError
from semtok.tokenizers.residual_quantizer import kmeans
from semtok.tokenizers.simcit_training import SimCITTraining
from semtok.tokenizers.train import tokenize
from support.tokenizers import codes_of, one_epoch, training_of


@pytest.mark.parametrize("interrupted_after", [3, 6, 22])
@pytest.mark.parametrize("search", ["soft", "hard-vq"])
def test_resumed_training_is_the_uninterrupted_one(simcit, two_views, tmp_path, monkeypatch, interrupted_after, search):
    # 6 steps an epoch, a row every 5: losses summed for the next row have to survive too.
    views, _ = two_views
    options = simcit(search=search)
    whole = tokenize(options, "items.parquet", views, seed=3)
    monkeypatch.setenv("SEMTOK_CHECKPOINT_SECONDS", "0")
    backward, steps = SimCITTraining.backward, []

    def interrupted(self, batch, progress):
        steps.append(progress.step)
        if len(steps) == interrupted_after + 1:
            raise KeyboardInterrupt
        return backward(self, batch, progress)

    monkeypatch.setattr(SimCITTraining, "backward", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tokenize(options, "items.parquet", views, 3, tmp_path / "checkpoint.pt", "identity")
    torch.manual_seed(999)
    resumed = tokenize(options, "items.parquet", views, 3, tmp_path / "checkpoint.pt", "identity")

    assert steps == [*range(interrupted_after + 1), *range(interrupted_after, 24)]
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
    codes_of(simcit(steps={"epochs": 1}), two_views[0], 5)
    torch.testing.assert_close(torch.rand(3), expected)


def test_noise_is_new_at_every_step_and_of_the_step_alone(simcit, two_views):
    training, later = (training_of(simcit(), two_views[0]) for _ in range(2))
    first = training.noise(4, "noise", 0)
    assert first.shape == (3, 4, 8)
    seventh = training.noise(4, "noise", 7)
    assert torch.equal(seventh, later.noise(4, "noise", 7))
    assert not torch.equal(seventh, first)
    assert not torch.equal(seventh, training.noise(4, "watched noise", 7))
    assert training_of(simcit(search="hard-vq"), two_views[0]).noise(4, "noise", 0) is None
    annealed = training_of(simcit(noise="annealed"), two_views[0]).noise(4, "noise", 0)
    torch.testing.assert_close(annealed, first * 0.2)


def test_order_of_the_views_changes_nothing(simcit, two_views):
    views, _ = two_views
    turned = dict(reversed(views.items()))
    first = tokenize(simcit(steps={"epochs": 1}), "items.parquet", views, 0)
    second = tokenize(simcit(steps={"epochs": 1}), "items.parquet", turned, 0)
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
    seen = [training.temperature(step) for step in range(training.n_steps + 1)]
    # 24 steps, 80% of them 19.2.
    assert seen[0] == 0.2
    assert seen[12] == pytest.approx(0.2 * 0.05 ** (12 / 19.2))
    assert seen[19] > 0.01
    assert seen[20:] == [0.01] * 5
    assert training_of(simcit(annealing="constant"), two_views[0]).temperature(24) == 0.2


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
    training.start()
    expected = kmeans(latent.double().numpy(), 8, seed=0)
    np.testing.assert_allclose(training.model.quantizer.books[0].detach(), expected, atol=1e-5)


def test_other_initializations(simcit, two_views):
    uniform = training_of(simcit(initialization="uniform", codebook_size=48, latent_dim=96), two_views[0])
    uniform.start()
    book = uniform.model.quantizer.books[0].detach()
    assert 0 <= book.min() < book.max() < 1
    assert book.mean().item() == pytest.approx(0.5, abs=0.02)
    normal = training_of(simcit(initialization="normal"), two_views[0])
    before = normal.model.quantizer.books[0].detach().clone()
    normal.start()
    assert torch.equal(normal.model.quantizer.books[0], before)


def test_frozen_codewords_stay_as_they_were(simcit, two_views):
    training = training_of(simcit(search="hard-frozen"), two_views[0])
    training.start()
    before = [book.detach().clone() for book in training.model.quantizer.books]
    encoder = training.model.encoders["text"][1].weight.detach().clone()
    one_epoch(training)
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
    plain = codes_of(simcit(steps={"epochs": 1}), two_views[0])
    other = codes_of(simcit(steps={"epochs": 1}, **changed), two_views[0])
    assert np.isfinite(other.history[-1]["loss"])
    assert other.history[-1]["loss"] != plain.history[-1]["loss"]


def test_masking_duplicates_matters_where_there_are_some(simcit, two_views, tmp_path):
    views, _ = two_views
    vectors = np.load(views["text"])
    vectors[100:140] = vectors[100]
    views["text"] = tmp_path / "equal.npy"
    np.save(views["text"], vectors)
    plain, masked = (
        codes_of(simcit(steps={"epochs": 1}, mask_duplicates=mask), views).history[-1] for mask in (False, True)
    )
    assert masked["loss_text"] < plain["loss_text"]


def test_learning_rate_follows_its_schedule(simcit, two_views, monkeypatch):
    backward, rates = SimCITTraining.backward, []

    def noted(self, batch, progress):
        rates.append(self.optimizer.param_groups[0]["lr"])
        return backward(self, batch, progress)

    monkeypatch.setattr(SimCITTraining, "backward", noted)
    codes_of(simcit(warmup=0.25, learning_rate=0.01), two_views[0])
    assert len(rates) == 24
    assert rates[:7] == pytest.approx([0.01 * step / 6 for step in (1, 2, 3, 4, 5, 6, 6)])
    assert rates[15] == pytest.approx(0.005)


def test_loss_that_is_no_number_is_a_clear_error(simcit, two_views):
    with pytest.raises(SemtokError, match=r"SimCIT: the loss is (nan|inf) in epoch \d, step \d;.*lower learning_rate"):
        codes_of(simcit(learning_rate=1e25), two_views[0])


def test_bfloat16_keeps_weights_and_losses_in_float32(simcit, two_views, monkeypatch):
    full = codes_of(simcit(steps={"epochs": 1}), two_views[0])
    monkeypatch.setenv("SEMTOK_DTYPE", "bfloat16")
    half = codes_of(simcit(steps={"epochs": 1}), two_views[0])
    assert all(array.dtype == np.float32 for array in half.state.values())
    assert half.history[-1]["loss"] == pytest.approx(full.history[-1]["loss"], rel=0.05)
