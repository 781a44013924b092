"""Sentence vectors of any sentence-transformers model: Sentence-T5, E5, MiniLM, ..."""

import importlib.util
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from semtok.config.encoders import SentenceTransformersEncoder
from semtok.errors import ConfigError
from semtok.run import devices
from semtok.run.files import read_json
from semtok.run.progress import progress
from semtok.run.weights import without_code
from semtok.torchvision_operators import declare_missing

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger(__name__)

PACKAGE = "package:"


def encode_texts(
    options: SentenceTransformersEncoder, texts: list[str]
) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """One vector a text, float32 [n_texts, dim], the output of the model's own head at length 1.

    Batches are cut in the order of the texts: those of one length should stand together. Sentence-T5, E5 and MiniLM
    normalise in their head, so that the last step changes rounding only; a model that does not is brought to the same
    scale, which the sum of squares in L_mse depends on.
    """
    where = devices.device()
    model = load_model(options.model, str(where))
    model.max_seq_length = min(options.max_tokens, model.max_seq_length or options.max_tokens)
    with devices.autocast(where, devices.compute_dtype(where)):
        # A call a batch: the library would sort all texts by length, and its batches differ with what else is there.
        encoded = [
            model.encode(
                [options.prefix + text for text in texts[start : start + options.batch_size]],
                batch_size=options.batch_size,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
            for start in progress("batches of texts", range(0, len(texts), options.batch_size))
        ]
    vectors = np.concatenate(encoded).astype(np.float32, copy=False)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / norms, {
        "model": options.model,
        "max_tokens": int(model.max_seq_length),
        "unit_norm_before": bool(np.allclose(norms, 1, atol=1e-2)),
    }


def load_model(name: str, device: str) -> "SentenceTransformer":
    """Load a model by its name on the hub, its folder, or `package:NAME/FOLDER` inside an installed package.

    Raises ConfigError where there is none: a missing package or folder, or a name that is neither cached nor reachable.
    """
    declare_missing()
    from sentence_transformers import SentenceTransformer

    source = str(_package_folder(name)) if name.startswith(PACKAGE) else name
    try:
        _check_activations(Path(source))
        with without_code():
            return SentenceTransformer(source, device=device, trust_remote_code=False)
    # A folder may hold anything, and the library raises what its parts raise, also of weights that hold code.
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"model: {name!r} cannot be loaded ({reason}); expected a name on the hub that is cached or can be "
            f"downloaded, a local folder (no code in it is run, pickled or not), or {PACKAGE}NAME/FOLDER"
        ) from error


def _check_activations(folder: Path) -> None:
    """ValueError for a function that the library would replace by another one, with no more than a warning."""
    for path in folder.glob("*/config.json"):
        config = read_json(path)
        activation = config.get("activation_function", "torch.") if isinstance(config, dict) else "torch."
        if not str(activation).startswith("torch."):
            raise ValueError(f"{path}: found the activation function {activation!r}; expected one of torch")


def _package_folder(name: str) -> Path:
    package, _, folder = name.removeprefix(PACKAGE).partition("/")
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"model: {name!r} needs the Python package {package!r}, which is not installed")
    path = Path(spec.submodule_search_locations[0]) / folder
    if not path.is_dir():
        raise ConfigError(f"model: the Python package {package!r} has no folder {folder!r}")
    return path
