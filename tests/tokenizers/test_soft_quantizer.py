import math

import numpy as np
import pytest
import torch

from semtok.tokenizers.soft_quantizer import SoftQuantizer, gumbel_noise


def by_hand(**options):
    """Two levels of two codewords on the line: {0, 1} and {0, 0.5}."""
    quantizer = SoftQuantizer(2, 2, 1, **options)
    with torch.no_grad():
        quantizer.books[0].copy_(torch.tensor([[0.0], [1.0]]))
        quantizer.books[1].copy_(torch.tensor([[0.0], [0.5]]))
    return quantizer


def drawn(n_levels=3, size=6, dim=4, batch=7, seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    quantizer = SoftQuantizer(n_levels, size, dim, **options)
    with torch.no_grad():
        for book in quantizer.books:
            book.copy_(torch.randn(size, dim, generator=generator))
    return quantizer, torch.randn(batch, dim, generator=generator), generator


def softmax(first, second):
    return math.exp(first) / (math.exp(first) + math.exp(second))


def test_forward_by_hand():
    # Level 1, r = 0.8, alpha 0.5: -0.64 / 0.5 and -0.04 / 0.5.
    second = softmax(-0.04 / 0.5, -0.64 / 0.5)
    left = 0.8 - second
    fourth = softmax(-((left - 0.5) ** 2) / 0.5, -(left**2) / 0.5)
    result = by_hand().soft(torch.tensor([[0.8]]), 0.5)
    assert result.latent.item() == pytest.approx(second + 0.5 * fourth, rel=1e-5)
    assert result.codes.tolist() == [[1, 0]]


def test_noise_is_added_to_the_negative_distance_before_alpha_divides():
    noise = torch.tensor([[[0.7, -0.2]], [[0.0, 0.3]]])
    second = softmax((-0.04 - 0.2) / 0.5, (-0.64 + 0.7) / 0.5)
    left = 0.8 - second
    fourth = softmax((-((left - 0.5) ** 2) + 0.3) / 0.5, -(left**2) / 0.5)
    result = by_hand().soft(torch.tensor([[0.8]]), 0.5, noise)
    assert result.latent.item() == pytest.approx(second + 0.5 * fourth, rel=1e-5)
    # Here the noise turns level 1 around: argmax of -0.64 + 0.7 and -0.04 - 0.2.
    assert result.codes[0, 0] == 0


def test_each_codeword_is_its_own_code():
    # The sign: an argmax of distances would choose anything else.
    quantizer = SoftQuantizer(1, 6, 6)
    with torch.no_grad():
        quantizer.books[0].copy_(torch.eye(6))
    assert quantizer.soft(torch.eye(6), 0.2).codes[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert quantizer.assign(torch.eye(6))[0][:, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_mean_distance_is_the_sum_at_another_temperature():
    summed, latent, _ = drawn(dim=4)
    averaged, _, _ = drawn(dim=4, distance="mean")
    torch.testing.assert_close(averaged.soft(latent, 0.2).latent, summed.soft(latent, 0.8).latent)
    torch.testing.assert_close(averaged.margin(latent), summed.margin(latent) / 4)


def test_soft_becomes_hard_as_alpha_falls():
    quantizer, latent, _ = drawn(batch=50)
    codes, residuals = quantizer.assign(latent)
    far = [(quantizer.soft(latent, alpha).latent - (latent - residuals[-1])).norm().item() for alpha in (1, 0.1, 0.01)]
    assert far[0] > far[1] > far[2]
    result = quantizer.soft(latent, 1e-4)
    torch.testing.assert_close(result.latent, latent - residuals[-1], atol=1e-3, rtol=0)
    assert torch.equal(result.codes, codes)


@pytest.mark.parametrize("alpha", [0.5, 0.1, 0.01])
def test_under_noise_of_unit_size_the_assignment_is_a_sample_and_under_annealed_noise_it_becomes_the_nearest(alpha):
    # Of -0.64 + g and -0.04 + g', whatever alpha is, the second is the larger one with the softmax of -0.04 and -0.64;
    # of -0.64 + alpha g and -0.04 + alpha g', with that of the same over alpha.
    latent = torch.full((20_000, 1), 0.8)
    noise = gumbel_noise((2, len(latent), 2), torch.Generator().manual_seed(0))
    of_unit, of_annealed = (by_hand().soft(latent, alpha, scale * noise).codes[:, 0] for scale in (1, alpha))
    assert of_unit.double().mean().item() == pytest.approx(softmax(-0.04, -0.64), abs=0.015)
    assert of_annealed.double().mean().item() == pytest.approx(softmax(-0.04 / alpha, -0.64 / alpha), abs=0.015)
    if alpha == 0.01:
        assert of_annealed.all()
        # One-hot, too: the vector that the sample stands for, and not a mean of both.
        first = by_hand().soft(latent, alpha / 100, noise)
        assert (first.latent.round(decimals=2) * 2 % 1 == 0).double().mean() > 0.98


def test_soft_residuals_lead_to_other_codes_than_hard_ones():
    # Why codes are never exported from the soft search: at level 1 both choose the second codeword; soft leaves
    # 0.8 - 0.77 for level 2, hard -0.2.
    quantizer = by_hand()
    with torch.no_grad():
        quantizer.books[1].copy_(torch.tensor([[-0.2], [0.1]]))
    assert quantizer.assign(torch.tensor([[0.8]]))[0].tolist() == [[1, 0]]
    assert quantizer.soft(torch.tensor([[0.8]]), 0.5).codes.tolist() == [[1, 1]]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("distance", ["sum", "mean"])
def test_gradients_of_latents_and_codewords(shared, distance):
    quantizer, latent, generator = drawn(shared=shared, distance=distance)
    quantizer.double()
    noise = gumbel_noise((3, 7, 6), generator).double()
    books = [book.detach().requires_grad_() for book in quantizer.books]

    def zhat(latent, *books):
        quantizer.book = lambda level: books[level % len(books)]
        return quantizer.soft(latent, 0.7, noise).latent

    assert torch.autograd.gradcheck(zhat, (latent.double().requires_grad_(), *books))


def test_margin_by_hand():
    # Level 1: 0.64 and 0.04, hard residual -0.2; level 2: 0.04 and 0.49.
    margins = by_hand().margin(torch.tensor([[0.8]]))
    assert margins[:, 0].tolist() == pytest.approx([0.6, 0.45], abs=1e-6)


def test_mean_cosine_counts_every_ordered_pair():
    quantizer, _, _ = drawn(n_levels=2)
    expected = []
    for book in quantizer.books:
        unit = torch.nn.functional.normalize(book, dim=1)
        expected.append((unit @ unit.T).mean())
    torch.testing.assert_close(quantizer.mean_cosine(), torch.stack(expected).mean())


def test_noise_is_that_of_gumbel():
    noise = gumbel_noise((200_000,), torch.Generator().manual_seed(0)).double().numpy()
    # Mean: Euler's constant; standard deviation pi / sqrt 6; P(g <= x) = exp(-exp(-x)).
    assert noise.mean() == pytest.approx(0.5772, abs=0.01)
    assert noise.std() == pytest.approx(1.2825, abs=0.01)
    for x in (-1.0, 0.0, 2.0):
        assert (noise <= x).mean() == pytest.approx(math.exp(-math.exp(-x)), abs=0.004)
    assert np.isfinite(noise).all()


def test_argmax_under_the_noise_is_a_draw_from_the_softmax_of_the_negative_distances():
    # The Gumbel-max trick, whatever alpha is: this fixes the noise's sign and its place.
    quantizer = SoftQuantizer(1, 3, 1)
    with torch.no_grad():
        quantizer.books[0].copy_(torch.tensor([[0.0], [1.0], [1.5]]))
    latent = torch.full((40_000, 1), 0.5)
    noise = gumbel_noise((1, 40_000, 3), torch.Generator().manual_seed(0))
    shares = quantizer.soft(latent, 0.01, noise).codes[:, 0].bincount(minlength=3) / 40_000
    expected = torch.tensor([-0.25, -0.25, -1.0]).softmax(dim=0)
    torch.testing.assert_close(shares, expected, atol=0.01, rtol=0)
