"""TIGER (Rajput et al., NeurIPS 2023), as CoST, SimCIT and LETTER use it: a T5 writes the code of the next item.

Source: the codes of the user's last items, oldest first. Target: the codes of the next item, then EOS. The loss is the
cross-entropy of the target's tokens (methods.md 4.1).

Read TIGER in this order: `vocabulary` (codes as tokens), `sequences` and `batching` (histories as tensors), `t5` (the
network; `relative_position` and `kernels` are its details), `prefixes` (what it learns from), then `train` here.
Ranking: `trie` (which tuples exist), `beam_search` (tuples of many users at once), `generation` (tuples to items), then
`generate` and `decode` here, and `exhaustive`, which certifies the beam.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from semtok.config.recommenders import TIGER, DecodingOptions
from semtok.errors import ConfigError, DataError, SemtokError
from semtok.recommenders.batching import Batches
from semtok.recommenders.beam_search import beam_search
from semtok.recommenders.exhaustive import certify, exhaustive_search
from semtok.recommenders.generation import Generated, expand
from semtok.recommenders.grouping import pieces
from semtok.recommenders.prefixes import EveryTarget, Prefixes
from semtok.recommenders.sequences import Samples, target_samples, train_samples, validation_sample
from semtok.recommenders.t5 import T5
from semtok.recommenders.task import Decoded, Facts, Task, Trained, Weights, ranks_table
from semtok.recommenders.training import Trainer, TrainingSamples, Validation, recall_and_ndcg
from semtok.recommenders.trie import Constraint, Positions, Trie
from semtok.recommenders.vocabulary import ItemTokens
from semtok.run import devices

log = logging.getLogger(__name__)

VALIDATION_K = 10
CERTIFIED_K = 20
CERTIFIED_SAMPLE_SEED = 0


def new_model(task: Task[TIGER]) -> tuple[ItemTokens, T5, Batches]:
    """The catalogue as tokens, a new network for them, and what turns histories into tensors."""
    if task.codes is None:
        raise DataError("codes: found none; expected those of every item")
    options, device = task.options, devices.device()
    item_tokens = ItemTokens.from_codes(task.codes, options.collisions, options.user_tokens)
    model = T5(options.model, item_tokens.vocabulary.size).to(device)
    return item_tokens, model, Batches(task.sequences, item_tokens, options.max_items, device)


# --- training --------------------------------------------------------------------------------------------------------


def train(task: Task[TIGER], checkpoint: str | Path, identity: str) -> Trained:
    """Train on the `train` records; the weights of the best validation Recall@10.

    Without a `valid` target the last weights are returned. A checkpoint of the same `identity` is continued, to the
    very weights (CPU, float32) of a run without interruption; the caller removes it when all is written.
    """
    options = task.options.training
    if options.validation_beam_size < VALIDATION_K:
        raise ConfigError(
            f"training.validation_beam_size: {options.validation_beam_size}; expected at least {VALIDATION_K}, "
            f"as checkpoints are chosen by Recall@{VALIDATION_K}"
        )
    torch.manual_seed(task.seed)
    item_tokens, model, batches = new_model(task)
    validation = _validation(task, model, Trie(item_tokens, batches.device), batches)
    targets = train_samples(task.interactions)
    samples: TrainingSamples = Prefixes(model, batches, targets)
    if options.targets == "every":
        samples = EveryTarget(model, batches, targets, task.seed)
    return Trainer(model, options, samples, validation, task.seed, checkpoint, identity).run()


def _validation(task: Task[TIGER], model: T5, trie: Trie, batches: Batches) -> Validation | None:
    """Recall@10 and NDCG@10 by beam search on a fixed sample of the validation targets."""
    sample = validation_sample(task.targets, task.sequences, task.options.training.validation_users)
    if not len(sample):
        return None
    beam_size = task.options.training.validation_beam_size

    def measure() -> tuple[float, float]:
        generated = generate(model, batches, sample, trie, trie, beam_size, len(sample), task.seed)
        return recall_and_ndcg(generated.ranks(sample.item), VALIDATION_K)

    return Validation(measure, "recall@10")


# --- ranking ---------------------------------------------------------------------------------------------------------


@torch.inference_mode()
def generate(
    model: T5,
    batches: Batches,
    samples: Samples,
    constraint: Constraint,
    trie: Trie,
    beam_size: int,
    batch_size: int,
    seed: int,
    renormalize: bool = False,
) -> Generated:
    """Rank items for each sample from its history alone: `samples.item` is never read.

    `seed` orders the items that share a tuple, where the tuples have no suffix.
    """
    was_training = model.training
    model.eval()
    dtype = devices.compute_dtype(batches.device)
    top = np.full((len(samples), beam_size), -1, dtype=np.int32)
    n_tuples = n_invalid = 0
    for rows in pieces(batches.by_length(samples, decoder_tokens=beam_size), batch_size):
        batch = batches.source(samples.take(rows))  # (B, S)
        with devices.autocast(batches.device, dtype):
            encoded = model.encode(batch.source, batch.mask)  # (B, S, M)
            leaves, scores = beam_search(model, constraint, trie, encoded, batch.mask, beam_size, renormalize)  # (B, W)
        if scores.isnan().any():
            raise SemtokError(
                "the model gives probabilities that are not numbers; was its training stopped by an error?"
            )
        found = scores > -torch.inf
        n_tuples, n_invalid = n_tuples + int(found.sum()), n_invalid + int((found & (leaves < 0)).sum())
        expanded = expand(leaves, trie, samples.user[rows], seed)[:, :beam_size]  # (B, at most beam_size)
        top[rows, : expanded.shape[1]] = expanded
    model.train(was_training)
    return Generated(top, n_invalid / max(n_tuples, 1))


@dataclass(frozen=True)
class Decoder:
    """A trained model with all it needs to rank items."""

    options: DecodingOptions
    model: T5
    batches: Batches
    trie: Trie
    constraint: Constraint
    seed: int

    @classmethod
    def load(cls, task: Task[TIGER], weights: Weights) -> "Decoder":
        """Put the weights that `train` returned for these codes into a model, and the codes into a trie."""
        item_tokens, model, batches = new_model(task)
        model.load_state_dict(weights)
        trie = Trie(item_tokens, batches.device)
        constraint: Constraint = trie
        if task.options.decoding.constraint == "position":
            constraint = Positions(item_tokens, trie, batches.device)
        return cls(task.options.decoding, model.eval(), batches, trie, constraint, task.seed)

    def rank(self, samples: Samples) -> Generated:
        """The beam's items for each sample."""
        beam_size, batch_size, renormalize = self.options.beam_size, self.options.batch_size, self.options.renormalize
        searched = (self.model, self.batches, samples, self.constraint, self.trie)
        return generate(*searched, beam_size, batch_size, self.seed, renormalize)

    def rank_exactly(self, samples: Samples, count: int) -> Generated:
        """The best `count` items for each sample by scoring the whole catalogue."""
        return exhaustive_search(
            self.model, self.batches, samples, self.trie, count, self.seed, self.options.renormalize
        )


def decode(task: Task[TIGER], weights: Weights) -> Decoded:
    """Ranks of the test targets, and facts about the decoding.

    A target's rank counts items, not tuples, and comes from its history alone; it is null where the target is not in
    the beam. The seed only orders items that share a tuple (collisions: expand). Facts: `invalid_rate` (share of
    generated tuples that no item has), and for `certify_users` targets `overlap@20` with the exact ranking and the
    Recall@1 of both.
    """
    decoder = Decoder.load(task, weights)
    samples = target_samples(task.targets, "test", task.sequences)
    started = time.monotonic()
    generated = decoder.rank(samples)
    # Times are logged and no facts: equal runs give equal files.
    log.info("decoded %d targets in %.0f s", len(samples), time.monotonic() - started)
    facts: Facts = {
        "targets": len(samples),
        "beam_size": task.options.decoding.beam_size,
        "invalid_rate": generated.invalid_rate,
    }
    if task.options.decoding.certify_users:
        facts |= certified_facts(decoder, samples, generated, task.options.decoding.certify_users)
    beams = [row[row >= 0] for row in generated.top]
    return ranks_table(task.targets, generated.ranks(samples.item), beams), facts


def certified_facts(decoder: Decoder, samples: Samples, generated: Generated, n_users: int) -> Facts:
    """How the beam's lists compare with exact ones, for a fixed sample of the targets."""
    rows = np.sort(np.random.default_rng(CERTIFIED_SAMPLE_SEED).permutation(len(samples))[:n_users])
    chosen = samples.take(rows)
    found = Generated(generated.top[rows], generated.invalid_rate)
    certificate = certify(found, decoder.rank_exactly(chosen, CERTIFIED_K), chosen.item, CERTIFIED_K)
    return {
        "certified_targets": certificate.targets,
        f"overlap@{CERTIFIED_K}": certificate.overlap,
        "beam_recall@1": certificate.beam_recall_at_1,
        "exhaustive_recall@1": certificate.exhaustive_recall_at_1,
    }
