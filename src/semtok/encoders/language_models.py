"""Language models on disk: an OPT or a BERT and its vocabulary, published, one's own, or trained here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.torch import save

from semtok.config.language_models import CorpusModel, FolderModel, HubModel, LanguageModelOptions
from semtok.errors import ConfigError
from semtok.run.files import atomic_path
from semtok.run.weights import without_code
from semtok.torchvision_operators import declare_missing

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import BertForMaskedLM, OPTForCausalLM

TIED = {"lm_head.weight", "cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}
"""The output's weights, which are those of the word embeddings, and a second name of BERT's bias of them."""
CLASSES = {"opt": "OPTForCausalLM", "bert": "BertForMaskedLM"}
"""Those of transformers, by architecture."""
CLS, SEP, MASK = "[CLS]", "[SEP]", "[MASK]"
"""The tokens before and behind what a BERT reads, and the one in whose place it tells a word."""


@dataclass(frozen=True)
class LanguageModel:
    """A decoder that predicts the next token, and its tokens."""

    network: "OPTForCausalLM"
    vocabulary: "Tokenizer"

    @property
    def start(self) -> int:
        """The token that OPT expects before a text."""
        return int(self.network.config.bos_token_id)

    @property
    def max_positions(self) -> int:
        """Tokens of the longest sequence that it can read."""
        return int(self.network.config.max_position_embeddings)


@dataclass(frozen=True)
class MaskedLanguageModel:
    """An encoder that tells what is masked, and its tokens."""

    network: "BertForMaskedLM"
    vocabulary: "Tokenizer"

    @property
    def max_positions(self) -> int:
        """Tokens of the longest sequence that it can read."""
        return int(self.network.config.max_position_embeddings)


def load(options: LanguageModelOptions, files: Sequence[str | Path]) -> LanguageModel:
    """Load an OPT in float32 from safetensors; no code that comes with it is run.

    files: config.json, model.safetensors and tokenizer.json of one folder; none for a model of the hub. Raises
    ConfigError where it cannot be loaded, or is no OPT.
    """
    return LanguageModel(*_load(options, files, "opt"))


def load_masked(options: LanguageModelOptions, files: Sequence[str | Path]) -> MaskedLanguageModel:
    """As `load`, a BERT."""
    model = MaskedLanguageModel(*_load(options, files, "bert"))
    if lacking := [name for name in (CLS, SEP, MASK) if model.vocabulary.token_to_id(name) is None]:
        raise ConfigError(f"{_name(options, files)}: found no token {', '.join(lacking)}; expected those of a BERT")
    return model


def _name(options: LanguageModelOptions, files: Sequence[str | Path]) -> str:
    return options.model if isinstance(options, HubModel) else str(Path(files[0]).parent)


def _load(options: LanguageModelOptions, files: Sequence[str | Path], architecture: str) -> tuple[Any, "Tokenizer"]:
    declare_missing()
    import torch
    import transformers
    from tokenizers import Tokenizer
    from transformers import AutoConfig, AutoTokenizer

    kind = getattr(transformers, CLASSES[architecture])
    name = _name(options, files)
    from_hub: dict[str, Any] = {"revision": options.revision or "main"} if isinstance(options, HubModel) else {}
    try:
        with without_code():
            config = AutoConfig.from_pretrained(name, trust_remote_code=False, **from_hub)
            if config.model_type != architecture:
                raise ValueError(f"found a model of type {config.model_type!r}")
            network = kind.from_pretrained(
                name, config=config, use_safetensors=True, trust_remote_code=False, dtype=torch.float32, **from_hub
            )
            if from_hub:
                vocabulary = AutoTokenizer.from_pretrained(name, trust_remote_code=False, **from_hub).backend_tokenizer
            else:
                vocabulary = Tokenizer.from_file(str(Path(name) / "tokenizer.json"))
    # A folder may hold anything, and the libraries raise what their parts raise.
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        place = f"path: {name!r}" if isinstance(options, FolderModel) else f"model: {name!r}"
        expected = {"opt": "an OPT", "bert": "a BERT"}[architecture]
        raise ConfigError(
            f"{place} cannot be loaded ({reason}); expected {expected} with config.json, model.safetensors and "
            "tokenizer.json in a folder, or one on the hub that is cached or can be downloaded as safetensors"
        ) from error
    if vocabulary.get_vocab_size() > network.config.vocab_size:
        raise ConfigError(
            f"{name}: found {vocabulary.get_vocab_size()} tokens in tokenizer.json; expected at most the "
            f"{network.config.vocab_size} that the model knows"
        )
    vocabulary.no_padding()
    vocabulary.no_truncation()
    return network, vocabulary


def write_language_model(
    model: LanguageModel | MaskedLanguageModel, config: str | Path, weights: str | Path, vocabulary: str | Path
) -> None:
    """Write a model as transformers reads it, each file atomically."""
    with atomic_path(config) as temporary:
        temporary.write_text(model.network.config.to_json_string(), encoding="utf-8")
    state = {name: tensor.cpu() for name, tensor in model.network.state_dict().items() if name not in TIED}
    with atomic_path(weights) as temporary:
        temporary.write_bytes(save(state, metadata={"format": "pt"}))
    with atomic_path(vocabulary) as temporary:
        temporary.write_text(model.vocabulary.to_str(pretty=True), encoding="utf-8")


def facts_of(options: HubModel | FolderModel | CorpusModel, name: str) -> dict[str, Any]:
    """Which model it was, for whoever reads vectors that were made with it."""
    published = options.model if isinstance(options, HubModel) else None
    return {"language_model": name, "language_model_source": options.source, "language_model_name": published}
