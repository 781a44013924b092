"""STORE's recommender: a language model that reads and writes codes (STORE, 3.3).

Its loss is the cross-entropy at all code positions, of history and target; text-to-code alignment comes before each
epoch until validation stops improving, then recommendation goes on alone. Without alignment and over TIGER's codes it
is STORE's row "TIGER with OPT".
"""

from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from semtok.config.on_language_models import STORERecommender
from semtok.errors import ConfigError
from semtok.recommenders.aligned import train_aligned
from semtok.recommenders.item_codes import decode_over_codes, train_over_codes
from semtok.recommenders.language_codes import LanguageCodes, item_tokens, new_network
from semtok.recommenders.language_task import LanguageModelTask
from semtok.recommenders.prefixes import EveryTarget
from semtok.recommenders.task import Decoded, Trained, Weights
from semtok.recommenders.text_tasks import TO_CODES, ItemTexts, TextTask
from semtok.run.files import reading


def build(task: LanguageModelTask[STORERecommender], vocabulary_size: int) -> LanguageCodes:
    """A new network."""
    model = new_network(task, vocabulary_size, task.options.model)
    # Decoding is not given the tokenizer's model, since it loads what was learned.
    if task.options.model.code_embeddings == "centroids" and task.tokenizer_model is not None:
        start_from_centroids(model, task)
    return model


@torch.no_grad()
def start_from_centroids(model: LanguageCodes, task: LanguageModelTask[Any]) -> None:
    """Let the vectors of the codes begin as what the dense tokenizer would fill in: the centroids, out of their PCA."""
    assert task.tokenizer_model is not None
    with reading(task.tokenizer_model):
        found = load_file(task.tokenizer_model)
    width = model.decoder.config.hidden_size
    if not {"centroids", "components", "means"} <= set(found) or found["means"].shape[1] != width:
        raise ConfigError(
            f"model.code_embeddings: centroids need a tokenizer of the method store over states of {width} dimensions, "
            f"as the language model {task.options.language_model} has; found {task.tokenizer_model} with "
            f"{', '.join(f'{name} {list(tensor.shape)}' for name, tensor in sorted(found.items())) or 'nothing'}"
        )
    states = found["centroids"] @ found["components"] + found["means"][:, None]  # (v, K, width)
    vectors: Tensor = states if model.decoder.project_out is None else model.decoder.project_out(states)
    sizes = item_tokens(task).vocabulary.level_sizes
    first = 0
    for level, size in enumerate(sizes):
        if level < len(vectors):
            model.symbols.weight[first : first + size] = vectors[level, :size]
        first += size


def train(task: LanguageModelTask[STORERecommender], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_over_codes` and `train_aligned`."""
    learn = partial(EveryTarget, seed=task.seed)
    if not task.options.training.alignment:
        return train_over_codes(task, checkpoint, identity, lambda _, size: build(task, size), learn)

    def texts(model: LanguageCodes) -> TextTask:
        return TextTask(ItemTexts.of(model, task.texts(model.vocabulary), item_tokens(task)), TO_CODES)

    return train_aligned(task, checkpoint, identity, build, learn, texts)


def decode(task: LanguageModelTask[STORERecommender], weights: Weights) -> Decoded:
    """See `decode_over_codes`."""
    return decode_over_codes(task, weights, lambda _, size: build(task, size))
