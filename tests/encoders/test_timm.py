"""timm's networks on drawn pictures."""

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from safetensors.torch import save_file

from semtok.config.data import Synthetic
from semtok.config.encoders import TimmEncoder
from semtok.data.drawing import pictures
from semtok.data.world import make_world
from semtok.encoders import timm as method
from semtok.encoders.timm import encode_images, load_model, preprocessing
from semtok.errors import ConfigError

CONVOLUTIONAL, TRANSFORMER = "resnet10t", "vit_tiny_patch16_224"


def options(**changed):
    fields = {"model": TRANSFORMER, "pretrained": False, "seed": 0, "image_size": 64, "batch_size": 32}
    return TimmEncoder(**{"method": "timm", **fields, **changed})


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # the variable is read at import
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")


@pytest.fixture(scope="module")
def world():
    return make_world(
        Synthetic(users=20, items=480, mean_length=4.0, categories=12, seed=1, pictures=True), revisits=False
    )


@pytest.fixture(scope="module")
def files(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    paths = [folder / f"{item}.png" for item in range(len(world.leaf))]
    for path, pixels in zip(paths, pictures(world), strict=True):
        Image.fromarray(pixels).save(path)
    return paths


def purity(vectors, labels, k=10):
    """Share of the k nearest by cosine that have the same label."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -2)
    nearest = np.argsort(-cosine, axis=1)[:, :k]
    return float((labels[nearest] == labels[:, None]).mean())


def test_an_untrained_network_sees_category_and_maker(world, files):
    vectors, facts = encode_images(options(), files)
    assert vectors.shape == (480, 192)
    assert vectors.dtype == np.float32
    assert facts["untrained"] is True
    assert facts["seed"] == 0
    shuffled = np.random.default_rng(0).permutation(480)
    for labels, chance in [(world.leaf // 4, 1 / 12), (world.leaf % 4, 1 / 4), (world.maker, 1 / 8)]:
        assert purity(vectors, labels) > 1.5 * chance
        assert purity(vectors, labels[shuffled]) < 1.2 * chance
    assert purity(vectors, world.leaf // 4) > 3 / 12
    assert purity(vectors, world.maker) > 2 / 8


@pytest.mark.parametrize("model", [CONVOLUTIONAL, TRANSFORMER])
def test_the_result_does_not_depend_on_the_batch(model, files):
    expected, _ = encode_images(options(model=model), files[:7])
    for batch_size in (1, 3):
        vectors, _ = encode_images(options(model=model, batch_size=batch_size), files[:7])
        np.testing.assert_allclose(vectors, expected, rtol=1e-3, atol=1e-5)
    reversed_, _ = encode_images(options(model=model), files[:7][::-1])
    np.testing.assert_allclose(reversed_[::-1], expected, rtol=1e-3, atol=1e-5)


def test_the_seed_decides_and_nothing_else_does(files):
    before = torch.random.get_rng_state()
    one, _ = encode_images(options(), files[:2])
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(123)
    again, _ = encode_images(options(), files[:2])
    np.testing.assert_array_equal(one, again)
    other, _ = encode_images(options(seed=1), files[:2])
    assert np.abs(one - other).max() > 0.1


def test_a_file_that_is_no_picture_is_nan(files, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(files[0].read_bytes()[:500])
    vectors, _ = encode_images(options(batch_size=2), [bad, tmp_path / "none.png", files[0], bad, files[1]])
    assert np.isnan(vectors).all(axis=1).tolist() == [True, True, False, True, False]
    expected, _ = encode_images(options(), files[:2])
    np.testing.assert_allclose(vectors[[2, 4]], expected, rtol=1e-3, atol=1e-5)


def test_each_model_gets_its_own_preprocessing(files):
    """By hand: resize to 1 / crop_pct of the input, crop its middle, scale, standardise; ViT and ResNet differ."""
    seen = {}
    for model in (TRANSFORMER, CONVOLUTIONAL):
        settings = preprocessing(load_model(options(model=model, image_size=None)), None)
        seen[model] = (settings["input_size"], settings["mean"], settings["crop_pct"])
        side = settings["input_size"][1]
        whole = round(side / settings["crop_pct"])
        resampling = getattr(Image.Resampling, settings["interpolation"].upper())
        resized = Image.open(files[0]).resize((whole, whole), resampling)
        corner = round((whole - side) / 2)
        cropped = np.asarray(resized.crop((corner, corner, corner + side, corner + side)), dtype=np.float64) / 255
        expected = (cropped - settings["mean"]) / settings["std"]
        tensor = method._loader(settings)(files[0])
        # timm rounds the size down, we do not: a pixel's difference moves noisy pixels, not the picture.
        assert tensor.shape == (3, side, side)
        found = tensor.permute(1, 2, 0).numpy()
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.97
        np.testing.assert_allclose(found.mean(axis=(0, 1)), expected.mean(axis=(0, 1)), atol=0.03)
    assert seen[TRANSFORMER] == ((3, 224, 224), (0.5, 0.5, 0.5), 0.9)
    assert seen[CONVOLUTIONAL][1] == (0.485, 0.456, 0.406)


@pytest.mark.parametrize("model", [CONVOLUTIONAL, TRANSFORMER])
def test_the_size_of_the_input_can_be_changed(model):
    for size in (64, 96):
        network = load_model(options(model=model, image_size=size))
        assert preprocessing(network, size)["input_size"] == (3, size, size)
        assert network.eval()(torch.zeros(1, 3, size, size)).ndim == 2


@pytest.mark.parametrize("kind", ["safetensors", "torch", "training"])
def test_a_local_checkpoint_is_loaded_without_its_classifier(kind, files, tmp_path):
    trained = load_model(options(seed=5))
    state = {**trained.state_dict(), "head.weight": torch.ones(10, 192), "head.bias": torch.ones(10)}
    path = tmp_path / f"weights.{'safetensors' if kind == 'safetensors' else 'pth'}"
    if kind == "safetensors":
        save_file(state, path)
    elif kind == "torch":
        torch.save(state, path)
    else:
        torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}, "epoch": 3}, path)
    vectors, facts = encode_images(options(pretrained=str(path), seed=None), files[:3])
    expected, _ = encode_images(options(seed=5), files[:3])
    np.testing.assert_array_equal(vectors, expected)
    assert facts["untrained"] is False
    assert len(facts["weights"]) == 64


class Trap:
    def __reduce__(self):
        return (print, ("code ran",))


def test_a_checkpoint_that_does_not_fit_is_an_error(tmp_path, capsys):
    state = load_model(options()).state_dict()
    save_file({name: state[name] for name in list(state)[1:]}, tmp_path / "short.safetensors")
    save_file({name: torch.ones(1) for name in state}, tmp_path / "shape.safetensors")
    (tmp_path / "no.safetensors").write_bytes(b"no")
    torch.save({"state_dict": Trap()}, tmp_path / "trap.pth")
    for name, reason in [
        ("short.safetensors", f"lacks 1 of {len(state)} weights, such as {next(iter(state))}"),
        ("shape.safetensors", "cannot be used"),
        ("no.safetensors", "cannot be used"),
        ("trap.pth", "cannot be used"),
        ("nowhere.safetensors", "cannot be used"),
    ]:
        with pytest.raises(ConfigError, match=reason) as caught:
            load_model(options(pretrained=str(tmp_path / name)))
        assert name in str(caught.value)
    assert "code ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"model": "vit_of_nobody"}, "'vit_of_nobody' cannot be loaded"),
        ({"pretrained": True}, "'vit_tiny_patch16_224' cannot be loaded with pretrained: True"),  # not reachable here
    ],
)
def test_a_model_that_cannot_be_had_is_a_clear_error(changed, said):
    with pytest.raises(ConfigError, match=said):
        load_model(options(**changed))


def test_an_untrained_network_needs_a_seed():
    with pytest.raises(ValidationError, match="needs a seed"):
        options(seed=None)
