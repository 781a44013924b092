"""Weights that hold code, in every form in which a model may come: nothing runs, and the error names the model."""

import json
import pickle

import numpy as np
import pytest
import torch

from semtok.config.encoders import SentenceTransformersEncoder, TimmEncoder
from semtok.encoders import timm as pictures
from semtok.encoders.sentence_transformers import encode_texts
from semtok.errors import ConfigError, DataError
from semtok.run import checkpoints
from semtok.run.weights import FORCED, LIFTED, without_code
from semtok.tokenizers.external import read_array_codes
from semtok.torchvision_operators import declare_missing


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture
def trap(tmp_path):
    path = tmp_path / "trap"
    yield Trap(path)
    assert not path.exists(), "code in a checkpoint was run"


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # the variable is read at import
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setenv(LIFTED, "1")  # the worst that a user's shell may say


@pytest.fixture(scope="module")
def network():
    """A sentence-transformers folder that works, as small as it gets."""
    transformers = pytest.importorskip("transformers")
    declare_missing()
    config = transformers.BertConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    return transformers.BertModel(config)


TRANSFORMER = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}
POOLING = {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}
DENSE = {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}
SHAPE = {"in_features": 8, "out_features": 4, "bias": False, "activation_function": "torch.nn.modules.linear.Identity"}


@pytest.fixture
def folder(network, tmp_path):
    path = tmp_path / "model"
    network.save_pretrained(path)
    (path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c"]))
    (path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    (path / "1_Pooling").mkdir()
    (path / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 8}))
    set_modules(path, TRANSFORMER, POOLING)
    return path


def set_modules(path, *modules):
    (path / "modules.json").write_text(json.dumps(modules))


def add_dense(path, **changed):
    (path / "2_Dense").mkdir()
    (path / "2_Dense" / "config.json").write_text(json.dumps(SHAPE | changed))
    set_modules(path, TRANSFORMER, POOLING, DENSE)
    return path / "2_Dense" / "pytorch_model.bin"


def encode(path):
    options = SentenceTransformersEncoder(
        method="sentence-transformers", model=str(path), prefix="", max_tokens=8, batch_size=2
    )
    return encode_texts(options, ["a b", "c"])[0]


def refused(path, said="cannot be loaded"):
    with pytest.raises(ConfigError, match=said) as caught:
        encode(path)
    assert str(path) in str(caught.value)


def test_a_folder_without_code_is_loaded(folder):
    assert encode(folder).shape == (2, 8)
    weights = add_dense(folder)
    torch.save({"linear.weight": torch.rand(4, 8)}, weights)
    assert encode(folder).shape == (2, 4)


@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_code_in_the_transformers_weights_is_not_run(save, folder, trap):
    (folder / "model.safetensors").unlink()
    save({"embeddings.word_embeddings.weight": trap}, folder / "pytorch_model.bin")
    refused(folder)


def test_code_in_another_modules_weights_is_not_run(folder, trap):
    torch.save({"linear.weight": trap}, add_dense(folder))
    refused(folder)


def test_code_beside_the_weights_is_not_run(folder, trap):
    (folder / "evil.py").write_text(f"open({str(trap.path)!r}, 'w')\nclass Evil: ...\n")
    set_modules(folder, TRANSFORMER | {"type": "evil.Evil"}, POOLING)
    refused(folder, "trust_remote_code|third-party|references the module class")
    set_modules(folder, TRANSFORMER, POOLING)
    config = json.loads((folder / "config.json").read_text())
    config |= {"auto_map": {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"}, "model_type": "evil"}
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder)


@pytest.mark.parametrize("function", ["tempfile.mkdtemp", "torch.hub.get_dir", "Tanh"])
def test_no_function_of_the_folders_choice_is_called(function, folder, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    torch.save({"linear.weight": torch.rand(4, 8)}, add_dense(folder, activation_function=function))
    refused(folder, "(?i)activation")
    assert not list((tmp_path / "temporary").iterdir())


def timm_options(**changed):
    fields = {"model": "vit_tiny_patch16_224", "pretrained": False, "seed": 0, "image_size": 32, "batch_size": 2}
    return TimmEncoder(**{"method": "timm", **fields, **changed})


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors"])
def test_code_in_a_timm_folder_is_not_run(name, tmp_path, trap):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"architecture": "vit_tiny_patch16_224", "num_classes": 0}))
    torch.save({"state_dict": trap}, folder / name)
    with pytest.raises(ConfigError, match="cannot be loaded") as caught:
        pictures.load_model(timm_options(model=f"local-dir:{folder}", pretrained=True, image_size=None))
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("name", ["weights.pth", "weights.bin", "weights.safetensors", "weights.npz", "weights.pkl"])
@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_code_in_a_checkpoint_of_any_name_is_not_run(save, name, tmp_path, trap):
    save({"state_dict": {"cls_token": trap}}, tmp_path / name)
    with pytest.raises(ConfigError, match=name):
        pictures.load_model(timm_options(pretrained=str(tmp_path / name), seed=None))


def test_code_in_our_own_files_is_not_run_either(tmp_path, trap):
    torch.save({"identity": "run", "generators": {}, "state": trap}, tmp_path / "x.pt")
    assert checkpoints.load(tmp_path / "x.pt", "run") is None
    np.save(tmp_path / "x.npy", np.array([trap], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "y.npz", a=np.array([trap], dtype=object))
    (tmp_path / "y.npz").rename(tmp_path / "y.npy")
    (tmp_path / "z.npy").write_bytes(pickle.dumps(trap))
    for name in "xyz":
        with pytest.raises(DataError, match=f"{name}.npy: not a readable"):
            read_array_codes(tmp_path / f"{name}.npy", 1)


def test_a_library_that_asks_for_code_gets_none(tmp_path, trap, monkeypatch):
    torch.save(trap, tmp_path / "x.pt")
    with without_code(), pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "x.pt", weights_only=False)
    monkeypatch.setenv(FORCED, "0")
    with without_code():
        pass
    assert (torch.os.environ[FORCED], torch.os.environ[LIFTED]) == ("0", "1")
