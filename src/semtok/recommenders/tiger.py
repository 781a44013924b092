"""TIGER (Rajput et al., NeurIPS 2023), as CoST, SimCIT and LETTER use it: a T5 writes the code of the next item.

Source: the codes of the user's last items, oldest first. Target: the codes of the next item, then EOS. The loss is the
cross-entropy of the target's tokens (methods.md 4.1).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from semtok.config.recommenders import TIGER
from semtok.errors import ConfigError
from semtok.recommenders.batching import Batches
from semtok.recommenders.generation import generate
from semtok.recommenders.sequences import Integers, Samples, Sequences, target_samples, train_samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.training import Trainer, Validation, recall_and_ndcg
from semtok.recommenders.trie import Trie
from semtok.recommenders.vocabulary import Catalogue
from semtok.run import devices

VALIDATION_K = 10
VALIDATION_SAMPLE_SEED = 0
"""The same validation targets for every seed and tokenizer, so that their checkpoints are chosen alike."""


@dataclass(frozen=True)
class Prefixes:
    """What TIGER learns from: the item after each prefix of the users' train parts."""

    model: T5
    batches: Batches
    samples: Samples

    def __len__(self) -> int:
        return len(self.samples)

    def predictions(self, rows: Integers) -> int:
        """One a prefix: the loss of a target is the mean cross-entropy of its tokens."""
        return len(rows)

    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """Add the gradient of the summed loss of `rows` / `n_predictions`; returns the sum of the losses [].

        The samples go through the model in groups of similar length, whose gradients add up to that of the whole
        batch: the step does not depend on how they are grouped, and hardly any padding is computed.
        """
        samples, device = self.samples.take(rows), self.batches.device
        dtype = devices.compute_dtype(device)
        total = torch.zeros((), device=device)
        for group in self.batches.by_length(samples, decoder_tokens=self.batches.n_levels + 1):
            part = samples.take(group)
            batch, target = self.batches.source(part), self.batches.target(part)
            with devices.autocast(device, dtype):
                loss = self.model(batch.source, batch.mask, target) / (target.shape[1] - 1)
            (loss / n_predictions).backward()
            total += loss.detach()
        return total


def train(
    options: TIGER,
    codes: npt.NDArray[np.integer],
    interactions: pd.DataFrame,
    targets: pd.DataFrame,
    seed: int,
    checkpoint_path: str | Path,
    identity: str,
) -> tuple[dict[str, Tensor], pd.DataFrame]:
    """Train on the `train` records; return the weights of the best validation Recall@10, and one row per epoch.

    `codes` [n_items, n_levels] are raw. Of `targets` only the `valid` rows are
    read, to choose the checkpoint; without any, the last weights are returned. A checkpoint of the same `identity`
    is continued, to the very weights (CPU, float32) of a run without interruption; the caller removes it when all is
    written. The history has no times in it: equal runs give equal histories.
    """
    beam_size = options.training.validation_beam_size
    if beam_size < VALIDATION_K:
        raise ConfigError(
            f"training.validation_beam_size: {beam_size}; expected at least {VALIDATION_K}, "
            f"as checkpoints are chosen by Recall@{VALIDATION_K}"
        )
    device = devices.device()
    torch.manual_seed(seed)
    catalogue = Catalogue.from_codes(codes, options.collisions)
    model = T5(options.model, catalogue.vocabulary.size).to(device)
    batches = Batches(Sequences.from_interactions(interactions), catalogue, options.max_items, device)
    held_out = target_samples(targets, "valid", batches.sequences)
    validation = _validation(options, model, catalogue, batches, held_out, seed)
    prefixes = Prefixes(model, batches, train_samples(interactions))
    return Trainer(model, options.training, prefixes, validation, seed, checkpoint_path, identity).run()


def _validation(
    options: TIGER, model: T5, catalogue: Catalogue, batches: Batches, samples: Samples, seed: int
) -> Validation | None:
    """Recall@10 and NDCG@10 by beam search on a fixed sample of the validation targets."""
    if not len(samples):
        return None
    generator = np.random.default_rng(VALIDATION_SAMPLE_SEED)
    sample = samples.take(np.sort(generator.permutation(len(samples))[: options.training.validation_users]))
    trie = Trie(catalogue, batches.device)
    beam_size = options.training.validation_beam_size

    def measure() -> tuple[float, float]:
        generated = generate(model, batches, sample, trie, trie, beam_size, len(sample), seed)
        return recall_and_ndcg(generated.ranks(sample.item), VALIDATION_K)

    return Validation(measure, "recall@10")
