"""LC-Rec's tokenizer: its last level shares a batch evenly, and what still collides is repaired."""

import numpy as np
import pytest
import torch

from semtok.config.autoencoders import LCRecTokenizer
from semtok.config.tokenizer_options import Sinkhorn, SinkhornRepair
from semtok.tokenizers.lc_rec import LCRec
from semtok.tokenizers.measures import collision_rate
from semtok.tokenizers.train import tokenize


@pytest.fixture
def lc_rec(rqvae):
    even = {"balanced_last_level": Sinkhorn(epsilon=0.003, iterations=50), "residuals": "chained", "reduction": "mean"}

    def make(**changed):
        shared = rqvae().model_dump(exclude={"method"})
        return LCRecTokenizer(method="lc-rec", **{**shared, **even, **changed})

    return make


def test_only_the_last_level_is_shared_evenly_and_only_in_training(lc_rec):
    largest = {}
    for balance in (None, Sinkhorn(epsilon=0.003, iterations=50)):
        torch.manual_seed(0)
        model = LCRec(6, lc_rec(balanced_last_level=balance, n_levels=2))
        with torch.no_grad():
            model.quantizer.books[1].mul_(20)[0] = 0
        x = torch.randn(400, 6, generator=torch.Generator().manual_seed(1))
        codes = model(x)[1].codes
        exported, _ = model.quantizer.assign(model.encode(x))
        torch.testing.assert_close(codes[:, 0], exported[:, 0])
        assert torch.bincount(exported[:, 1], minlength=8)[0] == 400
        largest[balance is not None] = torch.bincount(codes[:, 1], minlength=8).max()
    assert largest[False] == 400
    assert largest[True] <= 70


def test_the_loss_is_that_of_reconstruction(lc_rec):
    torch.manual_seed(0)
    model = LCRec(6, lc_rec())
    x = torch.randn(30, 6)
    losses = model.losses(x, torch.arange(30))
    decoded, quantized = model(x)
    assert losses["reconstruction"].item() == pytest.approx((decoded - x).square().mean().item(), rel=1e-5)
    assert losses["loss"].item() == pytest.approx((losses["reconstruction"] + quantized.loss).item(), rel=1e-5)


def test_collisions_are_repaired_and_the_raw_codes_kept(lc_rec, written, clusters):
    made = written(clusters[0])
    repair = SinkhornRepair(epsilon=0.003, iterations=50, rounds=20)
    tokens = tokenize(lc_rec(repair=repair, n_levels=2, codebook_size=32), *made, seed=0)
    assert tokens.raw_codes is not None
    assert collision_rate(tokens.codes) < collision_rate(tokens.raw_codes)
    assert np.array_equal(tokens.codes[:, :-1], tokens.raw_codes[:, :-1])
    assert tokens.facts["collision_rate_before_repair"] == collision_rate(tokens.raw_codes)
