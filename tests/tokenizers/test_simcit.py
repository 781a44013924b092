import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError

from semtok.config.tokenizers import encoders_of
from semtok.tokenizers.residual_quantizer import squared_distance
from semtok.tokenizers.simcit import SimCIT, _aligned
from semtok.tokenizers.soft_quantizer import gumbel_noise
from semtok.tokenizers.views import Scale, ViewBatch

DIMS = {"text": 6, "collaborative": 4}


def model_of(options, dims=DIMS, seed=0):
    torch.manual_seed(seed)
    return SimCIT({name: Scale(np.zeros(dim, dtype=np.float32), 1.0) for name, dim in dims.items()}, options)


def batch_of(size=9, dims=DIMS, lacking=None, seed=0):
    """lacking: the items that have no vector, by modality."""
    generator = torch.Generator().manual_seed(seed)
    vectors, rows, groups = {}, {}, {}
    for name, dim in sorted(dims.items()):
        everyone = torch.randn(size, dim, generator=generator)
        having = [item for item in range(size) if item not in (lacking or {}).get(name, ())]
        rows[name] = torch.tensor(having, dtype=torch.int64)
        vectors[name] = everyone[rows[name]]
        groups[name] = torch.arange(len(rows[name]))
    return ViewBatch(vectors, rows, groups, size)


def test_losses_are_those_of_the_equations(simcit):
    options = simcit(codeword_regularizer=0.5, temperature=0.3)
    model, batch = model_of(options), batch_of()
    noise = gumbel_noise((3, 9, 8), torch.Generator().manual_seed(1))
    losses = model.losses(batch, 0.2, noise)

    views = {name: model.encoders[name](batch.vectors[name]) for name in ("collaborative", "text")}
    stacked = torch.stack(list(views.values()), dim=1)
    latent = (model.fusion.score(stacked).softmax(dim=1) * stacked).sum(dim=1)
    residual, zhat = latent, 0
    for book, g in zip(model.quantizer.books, noise, strict=True):
        weights = F.softmax((g - torch.cdist(residual, book).square()) / 0.2, dim=1)
        zhat, residual = zhat + weights @ book, residual - weights @ book
    u = F.normalize(model.projection(zhat), dim=1)
    expected = 0.5 * torch.stack(
        [F.cosine_similarity(b[:, None], b[None], dim=2).mean() for b in model.quantizer.books]
    )
    total = expected.mean()
    torch.testing.assert_close(losses["regularizer"], total)
    for name, view in views.items():
        v = F.normalize(model.projection(view), dim=1)
        across, among = (u @ v.T / 0.3).exp(), (u @ u.T / 0.3).exp().fill_diagonal_(0)
        term = -(across.diagonal() / (across.sum(dim=1) + among.sum(dim=1))).log().mean()
        torch.testing.assert_close(losses[f"loss_{name}"], term, rtol=1e-4, atol=1e-4)
        total = total + losses[f"loss_{name}"]
    torch.testing.assert_close(losses["loss"], total)


def test_gradients_of_the_whole_loss(simcit):
    model = model_of(simcit(hidden_dims=[5], latent_dim=3, codebook_size=4, n_levels=2, activation="silu")).double()
    batch = batch_of(4, lacking={"text": [1]})
    vectors = {name: vector.double() for name, vector in batch.vectors.items()}
    batch = ViewBatch(vectors, batch.rows, batch.groups, batch.size)
    noise = gumbel_noise((2, 4, 4), torch.Generator().manual_seed(1)).double()
    # float() in encode would take the precision that finite differences need.
    model.encode = lambda batch: _encoded(model, batch)
    names, values = zip(*model.named_parameters(), strict=True)

    def loss(*values):
        return torch.func.functional_call(
            _Loss(model), {f"model.{name}": value for name, value in zip(names, values, strict=True)}, (batch, noise)
        )

    assert torch.autograd.gradcheck(loss, [value.detach().requires_grad_() for value in values], atol=1e-6)


class _Loss(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, batch, noise):
        return self.model.losses(batch, 0.9, noise)["loss"]


def _encoded(model, batch):
    latents = {name: encoder(batch.vectors[name]) for name, encoder in model.encoders.items()}
    return model.fusion(*_aligned(latents, batch)), latents


def test_every_parameter_learns_from_the_soft_search(simcit):
    model = model_of(simcit())
    model.losses(batch_of(40), 0.5, None)["loss"].backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())


def test_codewords_of_the_frozen_hard_search_get_no_gradient(simcit):
    model = model_of(simcit(search="hard-frozen"))
    losses = model.losses(batch_of(40), 0.5, None)
    losses["loss"].backward()
    assert set(losses) == {"loss", "loss_collaborative", "loss_text"}
    assert all(book.grad is None for book in model.quantizer.books)
    assert all(parameter.grad.any() for parameter in model.encoders.parameters())


def test_gradient_of_the_hard_search_goes_straight_through(simcit):
    # One view, identity head, one level, codewords (1,0) and (0,1); z = (0.9, 0.2) and (0.1, 0.8).
    options = simcit(
        views={"text": "t"}, hidden_dims=[], latent_dim=2, n_levels=1, codebook_size=2, temperature=1.0,
        search="hard-frozen", projection="identity", standardize=False, encoder_bias=False,
    )  # fmt: skip
    model = model_of(options, {"text": 2})
    with torch.no_grad():
        model.encoders["text"][0].weight.copy_(torch.eye(2))
        model.quantizer.books[0].copy_(torch.eye(2))
    z = torch.tensor([[0.9, 0.2], [0.1, 0.8]])
    model.losses(ViewBatch({"text": z}, {"text": torch.arange(2)}, {"text": torch.arange(2)}, 2), 0.2, None)[
        "loss"
    ].backward()

    # The same by hand: u = the codewords, as constants plus z - z.
    w = torch.eye(2, requires_grad=True)
    latent = z @ w.T
    u = F.normalize(latent + (torch.eye(2) - latent).detach(), dim=1)
    v = F.normalize(latent, dim=1)
    denominator = (u * u.flip(0)).sum(dim=1).exp() + (u @ v.T).exp().sum(dim=1)
    (-((u * v).sum(dim=1).exp() / denominator).log()).mean().backward()
    torch.testing.assert_close(model.encoders["text"][0].weight.grad, w.grad)


def test_hard_search_with_losses_adds_those_of_the_quantizer(simcit):
    model, batch = model_of(simcit(search="hard-vq")), batch_of(40)
    losses = model.losses(batch, 0.5, None)
    residuals = model.quantizer.assign(model.encode(batch)[0])[1]
    expected = 1.25 * sum(squared_distance(residual, torch.zeros(40, 8), "sum") for residual in residuals[1:])
    torch.testing.assert_close(losses["regularizer"], expected)
    losses["loss"].backward()
    assert all(book.grad.any() for book in model.quantizer.books)


def test_a_missing_view_is_neither_read_nor_learned_from(simcit):
    model = model_of(simcit())
    batch = batch_of(lacking={"text": [2, 5]})
    latent, views = model.encode(batch)
    torch.testing.assert_close(latent[[2, 5]], views["collaborative"][[2, 5]])
    assert len(views["text"]) == 7
    # In the losses of the whole batch only those that have it count.
    whole = batch_of()
    assert model.losses(batch, 0.2, None)["loss_text"] != model.losses(whole, 0.2, None)["loss_text"]


def test_a_view_that_nobody_in_the_batch_has_costs_nothing(simcit):
    model = model_of(simcit())
    losses = model.losses(batch_of(lacking={"text": range(9)}), 0.2, None)
    assert losses["loss_text"] == 0
    torch.testing.assert_close(losses["loss"], losses["loss_collaborative"])
    losses["loss"].backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters() if parameter.grad is not None)


def test_equal_vectors_count_as_often_as_items_have_them(simcit):
    model = model_of(simcit())
    batch = batch_of(6)
    grouped = torch.tensor([0, 1, 0, 2, 1, 0])
    once = ViewBatch(
        batch.vectors | {"text": batch.vectors["text"][:3]}, batch.rows, batch.groups | {"text": grouped}, 6
    )
    spread = ViewBatch(batch.vectors | {"text": batch.vectors["text"][grouped]}, batch.rows, batch.groups, 6)
    first, second = (model.losses(which, 0.2, None) for which in (once, spread))
    torch.testing.assert_close(first, second)


def test_permuting_the_items_changes_no_loss(simcit):
    model, batch, order = model_of(simcit()), batch_of(), torch.randperm(9)
    permuted = ViewBatch({name: vector[order] for name, vector in batch.vectors.items()}, batch.rows, batch.groups, 9)
    torch.testing.assert_close(model.losses(permuted, 0.2, None), model.losses(batch, 0.2, None))


def test_one_view_alone_is_the_fused_one(simcit):
    model = model_of(simcit(), {"text": 6})
    latent, views = model.encode(batch_of(dims={"text": 6}))
    assert torch.equal(latent, views["text"])


@pytest.mark.parametrize("kind", ["linear", "identity", "mlp"])
def test_head_is_shared_and_of_its_kind(simcit, kind):
    model = model_of(simcit(projection=kind))
    layers = [type(layer).__name__ for layer in model.projection]
    assert layers == {"linear": ["Linear"], "identity": [], "mlp": ["Linear", "ReLU", "Linear"]}[kind]


def test_inputs_and_weights_of_unit_gain_give_latents_of_unit_scale(simcit):
    # Short vectors around a common mean, as encoders give them; why: the docstring of `encoder`.
    generator = np.random.default_rng(0)
    x = (0.3 + 0.01 * generator.normal(size=(2000, 40))).astype(np.float32)
    scale = Scale(x.mean(axis=0), 0.01)
    options = simcit(views={"text": "t"}, hidden_dims=[512, 256, 128], latent_dim=96)

    def deviation(options):
        torch.manual_seed(0)
        model = SimCIT({"text": scale}, options)
        return model.encoders["text"](torch.from_numpy(x)).std(dim=0).square().mean().sqrt().item()

    assert 0.5 < deviation(options) < 1.5
    assert deviation(options.model_copy(update={"encoder_initialization": "torch"})) < 0.2
    assert deviation(options.model_copy(update={"standardize": False})) < 0.1


def test_released_encoders_have_no_bias(simcit):
    model = model_of(simcit(activation="silu", encoder_bias=False, fusion="tanh"))
    assert not any(name.endswith("bias") for name, _ in model.encoders.named_parameters())
    assert any(isinstance(layer, torch.nn.SiLU) for layer in model.encoders["text"])


def test_books_by_option(simcit):
    assert len(model_of(simcit(shared_codebook=True)).quantizer.books) == 1
    assert len(model_of(simcit()).quantizer.books) == 3


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"views": {"text": None}}, "at least one of views"),
        ({"views": {}}, "at least one of views"),
        ({"views": {"sound": "x"}}, "'text', 'image', 'collaborative' or 'spatial'"),
        ({"end_temperature": 0.3}, "sharp freezes the codes"),
        ({"end_temperature": 0.0}, "greater than 0"),
        ({"search": "hard-frozen", "codeword_regularizer": 1.0}, "do not learn"),
    ],
)
def test_options_that_make_no_sense_are_refused(simcit, changed, message):
    with pytest.raises(ValidationError, match=message):
        simcit(**changed)


def test_views_stand_in_the_order_of_their_names_without_those_that_are_null(simcit):
    views = {"text": "tfidf", "image": None, "collaborative": "als"}
    assert list(encoders_of(simcit(views=views).model_dump()).items()) == [("collaborative", "als"), ("text", "tfidf")]


def test_best_and_worst_contrast(simcit):
    # All the same: log of how many the denominator has, B - 1 + B.
    model = model_of(simcit(views={"text": "t"}, projection="identity"), {"text": 6})
    batch = batch_of(5, {"text": 6})
    same = ViewBatch({"text": batch.vectors["text"][:1]}, batch.rows, {"text": torch.zeros(5, dtype=torch.int64)}, 5)
    positive_alone = model.losses(same, 0.2, None)["loss"].item()
    with torch.no_grad():
        latent, _ = model.encode(same)
        u = F.normalize(model.quantizer.soft(latent, 0.2).latent, dim=1)[0]
        cosine = (u @ F.normalize(latent, dim=1)[0]).item()
    expected = math.log(4 * math.exp(10) + 5 * math.exp(10 * cosine)) - 10 * cosine
    assert positive_alone == pytest.approx(expected, rel=1e-5)
