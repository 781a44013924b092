import pytest
import torch
from torch import nn

from semtok.tokenizers.rqvae import RQVAE


def test_network_has_the_widths_of_the_paper(rqvae):
    model = RQVAE(768, rqvae(hidden_dims=[512, 256, 128], latent_dim=96, codebook_size=64))
    widths = [(layer.in_features, layer.out_features) for layer in model.encoder if isinstance(layer, nn.Linear)]
    assert widths == [(768, 512), (512, 256), (256, 128), (128, 96)]
    mirrored = [(layer.in_features, layer.out_features) for layer in model.decoder if isinstance(layer, nn.Linear)]
    assert mirrored == [(96, 128), (128, 256), (256, 512), (512, 768)]
    for network in (model.encoder, model.decoder):
        kinds = [type(layer) for layer in network]
        assert kinds == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_losses_are_the_equations(rqvae, reduction):
    torch.manual_seed(0)
    model = RQVAE(6, rqvae(reduction=reduction, hidden_dims=[5], latent_dim=4, n_levels=2))
    x = torch.randn(3, 6)
    losses = model.losses(x, torch.arange(len(x)))
    latent = model.encoder(x)
    codes, residuals = model.quantizer.assign(latent)
    codewords = sum(model.quantizer.book(level)[codes[:, level]] for level in range(2))
    decoded = model.decoder(codewords)
    # L_mse = |x - xhat|^2 and, in value, L_rq = (1 + beta) (|r_1|^2 + |r_2|^2).
    reconstruction = (x - decoded).square().sum(dim=1).mean()
    quantization = 1.25 * residuals[1:].square().sum(dim=2).sum(dim=0).mean()
    if reduction == "mean":
        reconstruction, quantization = reconstruction / 6, quantization / 4 / 2
    torch.testing.assert_close(losses["reconstruction"], reconstruction)
    torch.testing.assert_close(losses["quantization"], quantization)
    torch.testing.assert_close(losses["loss"], reconstruction + quantization)


def test_decoder_reaches_the_encoder_but_not_the_books(rqvae):
    torch.manual_seed(0)
    model = RQVAE(6, rqvae())
    model.losses(torch.randn(9, 6), torch.arange(9))["reconstruction"].backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.encoder.parameters())
    assert all(book.grad is None or not book.grad.any() for book in model.quantizer.books)
