import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from semtok.errors import ConfigError, DataError
from semtok.tokenizers.autoencoder_training import AutoencoderTraining
from semtok.tokenizers.letter import LETTER, collaborative_loss, diversity_loss, draw_positives
from semtok.tokenizers.train import tokenize
from support.tokenizers import catalogue, train_to_the_end


def habits(n_items, dim=8, seed=5):
    return np.random.default_rng(seed).normal(size=(n_items, dim)).astype(np.float32)


def model_of(letter, n_items=9, **options):
    torch.manual_seed(0)
    model = LETTER(6, letter(**options), catalogue(habits(n_items)))
    model.start_epoch(torch.Generator().manual_seed(0))
    return model


def test_collaborative_loss_by_hand():
    # Products: zhat_1 with h_1, h_2: 2, 1; zhat_2: -1, 3. No temperature, no normalisation.
    latents = torch.tensor([[1.0, 1.0], [-2.0, 3.0]])
    collaborative = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    products = [[2, 1], [-4, 3]]
    first = -math.log(math.exp(products[0][0]) / (math.exp(products[0][0]) + math.exp(products[0][1])))
    second = -math.log(math.exp(products[1][1]) / (math.exp(products[1][0]) + math.exp(products[1][1])))
    assert collaborative_loss(latents, collaborative).item() == pytest.approx((first + second) / 2, rel=1e-6)


def test_collaborative_loss_of_nobody_is_zero_and_has_a_gradient():
    latents = torch.zeros(0, 4, requires_grad=True)
    loss = collaborative_loss(latents, torch.zeros(0, 4))
    loss.backward()
    assert loss.item() == 0


def test_diversity_loss_by_hand():
    # Products of codeword 0 with 1, 2, 3: 0, 1, -2; of codeword 3 with 0, 1, 2: -2, 2, 0. Itself is no candidate.
    book = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-2.0, 2.0]])
    first = -math.log(math.exp(0) / (math.exp(0) + math.exp(1) + math.exp(-2)))
    second = -math.log(math.exp(0) / (math.exp(-2) + math.exp(2) + math.exp(0)))
    found = diversity_loss(torch.tensor([0, 3]), torch.tensor([1, 2]), book)
    assert found.item() == pytest.approx((first + second) / 2, rel=1e-6)


def test_diversity_loss_is_that_of_each_chosen_codeword_against_the_book():
    generator = torch.Generator().manual_seed(0)
    book = torch.randn(7, 3, generator=generator, requires_grad=True)
    codes, positives = torch.tensor([0, 2, 2, 6, 1]), torch.tensor([3, 4, 5, 0, 2])
    logits = book[codes] @ book.T
    literal = torch.nn.functional.cross_entropy(logits - 1e12 * torch.nn.functional.one_hot(codes, 7), positives)
    found = diversity_loss(codes, positives, book)
    torch.testing.assert_close(found, literal)
    torch.testing.assert_close(torch.autograd.grad(found, book), torch.autograd.grad(literal, book))


def test_gradients_of_the_losses():
    generator = torch.Generator().manual_seed(1)
    latents, fixed, book = (
        torch.randn(5, 3, generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(3)
    )
    assert torch.autograd.gradcheck(lambda z: collaborative_loss(z, fixed.detach()), [latents])
    codes, positives = torch.tensor([0, 4, 4]), torch.tensor([1, 2, 0])
    assert torch.autograd.gradcheck(lambda c: diversity_loss(codes, positives, c), [book])


def test_alignment_teaches_the_encoder_and_diversity_the_books(letter):
    model = model_of(letter)
    x, items = torch.randn(9, 6), torch.arange(9)
    model.losses(x, items)["collaborative"].backward()
    assert all(parameter.grad.any() for parameter in model.encoder.parameters())
    assert all(book.grad is None for book in model.quantizer.books)
    model.zero_grad()
    model.losses(x, items)["diversity"].backward()
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
    assert all(book.grad.any() for book in model.quantizer.books)


@pytest.mark.parametrize(
    ("changed", "weights"),
    [
        ({}, {"collaborative": 0.01, "diversity": 1e-4}),
        ({"collaborative_weight": 0.7, "diversity_weight": 0.3}, {"collaborative": 0.7, "diversity": 0.3}),
        ({"diversity_weight": 0.0}, {"collaborative": 0.01}),
    ],
)
def test_loss_is_the_weighted_sum_of_its_terms(letter, changed, weights):
    losses = model_of(letter, **changed).losses(torch.randn(9, 6), torch.arange(9))
    assert set(losses) == {"loss", "reconstruction", "quantization", *weights}
    expected = losses["reconstruction"] + losses["quantization"]
    expected = expected + sum(weight * losses[name] for name, weight in weights.items())
    torch.testing.assert_close(losses["loss"], expected)


def test_terms_are_those_of_the_equations(letter):
    # Two clusters of four: chosen by hand here, so that each positive is known up to its cluster.
    model = model_of(letter, codebook_size=4, clusters=2, min_cluster_size=2, max_cluster_size=2)
    x, items = torch.randn(9, 6), torch.arange(9).flip(0)
    losses = model.losses(x, items)
    decoded, quantized = model(x)
    torch.testing.assert_close(losses["reconstruction"], (x - decoded).square().mean())
    torch.testing.assert_close(losses["quantization"], quantized.loss)
    own = torch.from_numpy(habits(9)[::-1].copy())
    torch.testing.assert_close(losses["collaborative"], collaborative_loss(quantized.latent, own))
    # In a cluster of two the positive is the other one.
    expected = []
    for level in range(3):
        clusters = model.clusters[level].tolist()
        other = [next(k for k in range(4) if k != code and clusters[k] == clusters[code]) for code in range(4)]
        codes = quantized.codes[:, level]
        expected.append(diversity_loss(codes, torch.tensor(other)[codes], model.quantizer.book(level)))
    torch.testing.assert_close(losses["diversity"], torch.stack(expected).mean())
    model.quantizer.reduction = "sum"
    torch.testing.assert_close(model.losses(x, items)["diversity"], torch.stack(expected).sum())


def test_positives_are_the_others_of_the_cluster_alike():
    clusters = torch.tensor([2, 0, 1, 0, 2, 0, 1])
    codes = torch.arange(7).repeat(3000)
    positives = draw_positives(codes, clusters, torch.Generator().manual_seed(0))
    counts = torch.zeros(7, 7).index_put((codes, positives), torch.ones(len(codes)), accumulate=True) / 3000
    together = (clusters[:, None] == clusters[None]).fill_diagonal_(False)
    expected = together / together.sum(dim=1, keepdim=True)
    torch.testing.assert_close(counts, expected, atol=0.03, rtol=0)
    assert (counts[~together] == 0).all()


def test_items_without_a_collaborative_vector_are_neither_anchors_nor_candidates(letter):
    vectors = habits(9)
    vectors[[2, 5]] = np.nan
    torch.manual_seed(0)
    model = LETTER(6, letter(), catalogue(vectors))
    model.start_epoch(torch.Generator().manual_seed(0))
    x, items = torch.randn(4, 6), torch.tensor([5, 0, 2, 7])
    losses = model.losses(x, items)
    latent = model(x)[1].latent[[1, 3]]
    torch.testing.assert_close(losses["collaborative"], collaborative_loss(latent, torch.from_numpy(vectors[[0, 7]])))
    losses = model.losses(x[:2], torch.tensor([2, 5]))
    assert losses["collaborative"] == 0
    assert losses["loss"].isfinite()


def test_training_with_missing_vectors_of_both_kinds(letter, clusters, written):
    text, collaborative = clusters[0].copy(), habits(240)
    text[[3, 50]] = np.nan
    collaborative[[7, 50, 90]] = np.nan
    tokens = tokenize(letter(), *written(text, collaborative=collaborative), seed=0)
    assert tokens.facts["items_without_vector"] == 2
    assert tokens.facts["items_without_collaborative_vector"] == 3
    np.testing.assert_array_equal(tokens.codes[3], tokens.codes[50])
    assert all(np.isfinite(row["loss"]) for row in tokens.history)


def test_widths_that_differ_need_a_linear_alignment(letter):
    with pytest.raises(ConfigError, match=r"alignment: dot.*latent_dim 8 and 5 dimensions of habits"):
        LETTER(6, letter(), catalogue(habits(9, dim=5)))
    model = LETTER(6, letter(alignment="linear"), catalogue(habits(9, dim=5)))
    assert model.alignment.weight.shape == (5, 8)
    model.start_epoch(torch.Generator())
    x = torch.randn(9, 6)
    found = model.losses(x, torch.arange(9))["collaborative"]
    latent = model(x)[1].latent @ model.alignment.weight.T
    torch.testing.assert_close(found, collaborative_loss(latent, torch.from_numpy(habits(9, dim=5))))


def test_collaborative_vectors_of_another_catalogue_are_an_error(letter, clusters, written):
    with pytest.raises(DataError, match=r"collaborative.npy: found 239 rows; expected 240"):
        tokenize(letter(), *written(clusters[0], collaborative=habits(239)), seed=0)


def test_clusters_must_hold_the_codewords(letter):
    with pytest.raises(ValidationError, match="clusters: 3 of 2 to 2 codewords hold 6 to 6 of them, not the 8"):
        letter(max_cluster_size=2)


def test_clusters_follow_the_books_and_keep_their_sizes(letter, clusters, written):
    options = letter(codebook_size=32, clusters=5, min_cluster_size=4, max_cluster_size=9)
    tokens = tokenize(options, *written(clusters[0], collaborative=habits(240)), seed=0)
    assert tokens.state["clusters"].shape == (3, 32)
    for labels in tokens.state["clusters"]:
        sizes = np.bincount(labels, minlength=5)
        assert sizes.min() >= 4
        assert sizes.max() <= 9
    assert "collaborative" not in tokens.state


def test_only_the_last_level_is_balanced_and_only_in_training(letter):
    sizes = {}
    for balance in (None, letter().balanced_last_level):
        torch.manual_seed(0)
        model = LETTER(6, letter(balanced_last_level=balance, n_levels=2), catalogue(habits(400)))
        with torch.no_grad():
            model.quantizer.books[1].mul_(20)[0] = 0
        x = torch.randn(400, 6, generator=torch.Generator().manual_seed(1))
        codes = model(x)[1].codes
        exported, _ = model.quantizer.assign(model.encode(x))
        torch.testing.assert_close(codes[:, 0], exported[:, 0])
        sizes[balance is not None] = torch.bincount(codes[:, 1], minlength=8)
        assert torch.bincount(exported[:, 1], minlength=8)[0] == 400
    assert sizes[False][0] == 400
    assert sizes[True].max() <= 70


def test_alignment_brings_items_that_are_used_together_closer_in_code_space(letter, written):
    # Text says mostly the topic, and faintly who uses the item; habits say only that.
    generator = np.random.default_rng(0)
    topics, users = generator.integers(6, size=300), generator.integers(4, size=300)
    axes = np.linalg.qr(generator.normal(size=(16, 16)))[0]
    text = axes[topics] + 0.1 * axes[6 + users] + 0.05 * generator.normal(size=(300, 16))
    collaborative = 2 * np.eye(8)[users] + 0.1 * generator.normal(size=(300, 8))
    made = written(text.astype(np.float32), collaborative=collaborative.astype(np.float32))
    together = users[:, None] == users[None]

    def contrast(alpha):
        options = letter(
            collaborative_weight=alpha, steps={"epochs": 15}, learning_rate=5e-3, initialization="kmeans-all"
        )
        codes = tokenize(options, *made, seed=0).codes
        agreement = (codes[:, None] == codes[None]).mean(axis=2)
        return agreement[together].mean() - agreement[~together].mean()

    aligned, alone = contrast(1.0), contrast(0.0)
    assert aligned > alone + 0.05


def test_diversity_draws_a_cluster_together(letter, clusters):
    gaps = []
    for weight in (0.0, 1.0):
        options = letter(diversity_weight=weight, learning_rate=5e-3)
        training = AutoencoderTraining(
            lambda dim, o: LETTER(dim, o, catalogue(habits(240))), options, catalogue(clusters[0]), 0
        )
        train_to_the_end(training)
        gaps.append(
            np.mean(
                [
                    torch.pdist(book.detach()).std() / torch.pdist(book.detach()).mean()
                    for book in training.model.quantizer.books
                ]
            )
        )
    assert gaps[1] > gaps[0]
