"""Image vectors of any timm model: ViT-B/16, ResNet, ConvNeXt, ..., each with its own preprocessing."""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file

from semtok.config.encoders import TimmEncoder
from semtok.data.picture import NoPictureError, decoded
from semtok.errors import ConfigError
from semtok.run import devices
from semtok.run.files import sha256
from semtok.run.weights import without_code
from semtok.torchvision_operators import declare_missing

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]
Load = Callable[[Path], torch.Tensor | None]


def encode_images(options: TimmEncoder, paths: Sequence[Path]) -> tuple[Vectors, dict[str, Any]]:
    """One vector a file, float32 [n_files, dim], and facts; NaN for a file that cannot be decoded.

    The vector is what the model gives to its classifier: for ViT-B/16 the class token after the last norm, 768-d.
    """
    where = devices.device()
    network = load_model(options)
    settings = preprocessing(network, options.image_size)
    load = _loader(settings)
    network = network.to(where).eval()
    with torch.inference_mode():
        dimensions = network(torch.zeros(1, *settings["input_size"], device=where)).shape[1]
    vectors = np.full((len(paths), dimensions), np.nan, dtype=np.float32)
    for start, tensors in _batches(paths, options.batch_size, load):
        found = [row for row, tensor in enumerate(tensors) if tensor is not None]
        if not found:
            continue
        batch = torch.stack([tensor for tensor in tensors if tensor is not None]).to(where)
        with torch.inference_mode(), devices.autocast(where, devices.compute_dtype(where)):
            output = network(batch)
        vectors[start + np.array(found)] = output.float().cpu().numpy()
    return vectors, _facts(options, network, settings)


def load_model(options: TimmEncoder) -> torch.nn.Module:
    """The network without its classifier, on the CPU, in the state that `pretrained` names.

    Raises ConfigError for a model that timm does not know, and for weights that cannot be had or do not belong to it.
    """
    declare_missing()
    import timm

    arguments: dict[str, Any] = {"num_classes": 0, "pretrained": options.pretrained is True}
    try:
        published = timm.get_pretrained_cfg(options.model) if options.image_size else None
        # Networks with a fixed number of patches are built for a size; the others take any.
        if published is not None and published.fixed_input_size:
            arguments["img_size"] = options.image_size
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed or 0)
            with without_code():
                network: torch.nn.Module = timm.create_model(options.model, **arguments)
    # timm raises what its parts raise, also of weights that hold code.
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"model: {options.model!r} cannot be loaded with pretrained: {options.pretrained} ({reason}); expected a "
            "name that timm knows, and weights that are cached or can be downloaded, a local checkpoint, or false"
        ) from error
    if isinstance(options.pretrained, str):
        _load_checkpoint(network, Path(options.pretrained))
    return network


def preprocessing(network: torch.nn.Module, image_size: int | None) -> dict[str, Any]:
    """How the model wants its pictures: size, crop, interpolation, mean and standard deviation."""
    from timm.data import resolve_model_data_config

    changed = {} if image_size is None else {"input_size": (3, image_size, image_size)}
    return dict(resolve_model_data_config(network, args=changed))


def _load_checkpoint(network: torch.nn.Module, path: Path) -> None:
    """Weights of a file; the classifier's, and whatever else the network has no place for, are left out."""
    try:
        state = load_file(path) if path.suffix == ".safetensors" else _torch_weights(path)
        own = network.state_dict()
        missing = [name for name in own if name not in state]
        if missing:
            raise ValueError(f"it lacks {len(missing)} of {len(own)} weights, such as {missing[0]}")
        network.load_state_dict({name: state[name] for name in own})
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"pretrained: {path} cannot be used ({reason}); expected .safetensors, or weights that torch saved, of "
            "this model"
        ) from error


def _torch_weights(path: Path) -> dict[str, torch.Tensor]:
    saved = torch.load(path, map_location="cpu", weights_only=True)
    state: dict[str, torch.Tensor] = saved.get("state_dict", saved)
    return {name.removeprefix("module."): tensor for name, tensor in state.items()}


def _loader(settings: dict[str, Any]) -> Load:
    from timm.data import create_transform

    transform: Any = create_transform(**settings, is_training=False)

    def load(path: Path) -> torch.Tensor | None:
        try:
            tensor: torch.Tensor = transform(decoded(path))
        except NoPictureError as error:
            log.warning("%s: %s", path, error)
            return None
        return tensor

    return load


def _batches(paths: Sequence[Path], size: int, load: Load) -> Iterator[tuple[int, list[torch.Tensor | None]]]:
    """First row and pictures of each batch; the next one is decoded meanwhile."""
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        starts = range(0, len(paths), size)
        waiting = []
        for start in starts:
            waiting.append((start, pool.map(load, paths[start : start + size])))
            if len(waiting) > 1:
                ready, tensors = waiting.pop(0)
                yield ready, list(tensors)
        for ready, tensors in waiting:
            yield ready, list(tensors)


def _facts(options: TimmEncoder, network: torch.nn.Module, settings: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "model": options.model,
        "untrained": options.pretrained is False,
        "parameters": sum(weights.numel() for weights in network.parameters()),
        "preprocessing": {key: list(value) if isinstance(value, tuple) else value for key, value in settings.items()},
    }
    if options.pretrained is True:
        published: dict[str, Any] = network.pretrained_cfg  # type: ignore[assignment]
        facts["weights"] = published.get("hf_hub_id") or published.get("url")
    elif options.pretrained:
        facts["weights"] = sha256(options.pretrained)
    else:
        facts["seed"] = options.seed
    return facts
