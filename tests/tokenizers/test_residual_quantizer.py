import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from semtok.errors import ConfigError
from semtok.tokenizers.residual_quantizer import ResidualQuantizer, kmeans, nearest, squared_distance


def by_hand(**options):
    """Two levels of two codewords in the plane, and z = (1.2, 0.7).

    Level 1: |z - (0,0)|^2 = 1.44 + 0.49 = 1.93, |z - (1,0)|^2 = 0.04 + 0.49 = 0.53: code 1, r_1 = (0.2, 0.7).
    Level 2: |r_1 - (0,0)|^2 = 0.53, |r_1 - (0,1)|^2 = 0.04 + 0.09 = 0.13: code 1, r_2 = (0.2, -0.3).
    """
    quantizer = ResidualQuantizer(2, 2, 2, **options)
    with torch.no_grad():
        quantizer.books[0].copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
        quantizer.books[1].copy_(torch.tensor([[0.0, 0.0], [0.0, 1.0]]))
    return quantizer, torch.tensor([[1.2, 0.7]], requires_grad=True)


def values(tensor):
    return pytest.approx(tensor, abs=1e-6)


@pytest.mark.parametrize("residuals", ["plain", "chained"])
@pytest.mark.parametrize(
    # sum: (1 + beta) (0.53 + 0.13) = 1.25 * 0.66; mean: over 2 dimensions and 2 levels, a quarter of that.
    ("reduction", "loss"),
    [("sum", 0.825), ("mean", 0.20625)],
)
def test_forward_by_hand(residuals, reduction, loss):
    quantizer, z = by_hand(residuals=residuals, reduction=reduction)
    result = quantizer(z)
    assert result.codes.tolist() == [[1, 1]]
    assert result.latent.tolist() == [values([1.0, 1.0])]
    assert result.loss.item() == values(loss)


def test_gradient_of_the_loss_with_plain_residuals():
    quantizer, z = by_hand(residuals="plain")
    quantizer(z).loss.backward()
    # Both levels commit: 0.25 * 2 * (r_1 + r_2) = 0.5 * (0.4, 0.4).
    assert z.grad.tolist() == [values([0.2, 0.2])]
    # Level 1: 2 (q_1 - r_0) = (-0.4, -1.4), and r_1 = z - q_1 passes on level 2's commitment: -0.5 * (0.2, -0.3).
    assert quantizer.books[0].grad.tolist() == [[0, 0], values([-0.5, -1.25])]
    # Level 2: 2 (q_2 - r_1) = -2 * (0.2, -0.3).
    assert quantizer.books[1].grad.tolist() == [[0, 0], values([-0.4, 0.6])]


def test_gradient_of_the_loss_with_chained_residuals():
    quantizer, z = by_hand(residuals="chained")
    quantizer(z).loss.backward()
    # Only level 1 commits: 0.5 * r_1.
    assert z.grad.tolist() == [values([0.1, 0.35])]
    assert quantizer.books[0].grad.tolist() == [[0, 0], values([-0.4, -1.4])]
    assert quantizer.books[1].grad.tolist() == [[0, 0], values([-0.4, 0.6])]


@pytest.mark.parametrize("residuals", ["plain", "chained"])
def test_gradient_of_the_latent_goes_straight_through(residuals):
    quantizer, z = by_hand(residuals=residuals)
    (quantizer(z).latent * torch.tensor([3.0, -5.0])).sum().backward()
    assert z.grad.tolist() == [values([3.0, -5.0])]
    assert all(book.grad is None or not book.grad.any() for book in quantizer.books)


def test_loss_is_the_mean_over_the_batch():
    quantizer, z = by_hand()
    # The second row is a codeword of level 1, and level 2 has the zero that is left over: it costs nothing.
    two = torch.cat([z.detach(), torch.tensor([[1.0, 0.0]])])
    assert quantizer(two).loss.item() == values(0.825 / 2)


def test_assign_gives_the_residuals_of_every_level():
    quantizer, z = by_hand()
    codes, residuals = quantizer.assign(z)
    assert codes.tolist() == [[1, 1]]
    assert residuals[:, 0].tolist() == [values([1.2, 0.7]), values([0.2, 0.7]), values([0.2, -0.3])]


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(2, 9),
    st.integers(1, 6),
    st.booleans(),
    st.sampled_from(["plain", "chained"]),
    st.integers(0, 99),
)
def test_quantizer_against_its_definition(n_levels, size, dim, shared, residuals, seed):
    generator = torch.Generator().manual_seed(seed)
    quantizer = ResidualQuantizer(n_levels, size, dim, shared=shared, residuals=residuals, commitment_weight=0.3)
    z = torch.randn(7, dim, generator=generator)
    result = quantizer(z)
    residual = z.double().numpy()
    loss = 0.0
    for level in range(n_levels):
        book = quantizer.book(level).detach().double().numpy()
        distances = np.square(residual[:, None] - book[None]).sum(axis=2)
        chosen = result.codes[:, level].numpy()
        np.testing.assert_allclose(distances[np.arange(7), chosen], distances.min(axis=1), atol=1e-5)
        residual = residual - book[chosen]
        loss += 1.3 * np.square(residual).sum(axis=1).mean()
    np.testing.assert_allclose(result.latent.detach().numpy(), z.numpy() - residual, atol=1e-5)
    assert result.loss.item() == pytest.approx(loss, rel=1e-4)
    torch.testing.assert_close(quantizer.assign(z)[0], result.codes)


def test_number_of_parameters():
    def count(**options):
        return sum(parameter.numel() for parameter in ResidualQuantizer(3, 64, 96, **options).parameters())

    assert count() == 3 * 64 * 96
    assert count(shared=True) == 64 * 96


def test_nearest_takes_the_lowest_of_equals():
    book = torch.tensor([[5.0, 5.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert nearest(torch.tensor([[1.0, 0.0], [0.5, 0.5]]), book).tolist() == [1, 1]


def test_nearest_finds_each_codeword_itself():
    book = torch.eye(6)
    assert nearest(book, book).tolist() == [0, 1, 2, 3, 4, 5]


def test_nearest_is_float32_under_autocast():
    # In bfloat16, with 8 bits of mantissa, 1 and 1.001 are the same number.
    book = torch.tensor([[1.0], [1.001]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert nearest(torch.tensor([[1.001]]), book).tolist() == [1]
    # Neighbours in bfloat16, whose scores -1.015625 and -1.01569 are one number there.
    book = torch.tensor([[1.0], [1.0078125]]).bfloat16()
    assert nearest(torch.tensor([[1.0078125]]).bfloat16(), book).tolist() == [1]


def test_squared_distance_by_hand():
    first, second = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [3.0, 0.0]])
    # Squared norms 5 and 9.
    assert squared_distance(first, second, "sum").item() == 7
    assert squared_distance(first, second, "mean").item() == 3.5


def test_kmeans_is_a_fixed_point_and_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    points = generator.normal(size=(5, 3))[generator.integers(5, size=300)] * 4 + generator.normal(size=(300, 3))
    centres = kmeans(points, 5, seed=3)
    labels = np.square(points[:, None] - centres[None]).sum(axis=2).argmin(axis=1)
    np.testing.assert_allclose(centres, [points[labels == label].mean(axis=0) for label in range(5)], atol=0.02)
    peer = KMeans(5, init="k-means++", n_init=1, max_iter=100, random_state=3).fit(points)
    np.testing.assert_array_equal(centres, peer.cluster_centers_)


def test_kmeans_of_fewer_distinct_points_than_codewords():
    centres = kmeans(np.repeat(np.eye(3), 4, axis=0), 6, seed=0)
    assert centres.shape == (6, 3)
    assert {tuple(row) for row in centres} == {(1, 0, 0), (0, 1, 0), (0, 0, 1)}


def test_kmeans_of_too_few_points_is_an_error():
    with pytest.raises(ConfigError, match="codebook_size: 6 codewords cannot be fitted to 5 points"):
        kmeans(np.eye(5), 6, seed=0)


def test_initialization_fits_each_level_to_what_the_levels_before_leave():
    latent = torch.randn(400, 4, generator=torch.Generator().manual_seed(0))
    quantizer = ResidualQuantizer(3, 8, 4)
    quantizer.initialize(latent, seed=5)
    residual = latent
    for level in range(3):
        np.testing.assert_allclose(
            quantizer.book(level).detach(), kmeans(residual.double().numpy(), 8, seed=5 + level), atol=1e-5
        )
        residual = residual - quantizer.book(level)[nearest(residual, quantizer.book(level))].detach()
    norms = quantizer.assign(latent)[1].norm(dim=2).mean(dim=1)
    assert (norms[1:] < norms[:-1]).all()


def test_initialization_of_a_shared_book_sees_the_latents_only():
    latent = torch.randn(400, 4, generator=torch.Generator().manual_seed(0))
    quantizer = ResidualQuantizer(3, 8, 4, shared=True)
    quantizer.initialize(latent, seed=5)
    np.testing.assert_allclose(quantizer.book(2).detach(), kmeans(latent.double().numpy(), 8, seed=5), atol=1e-6)
