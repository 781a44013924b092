"""Recommenders that write the code of the next item: training, validation and ranking around the model of a method.

Read them in this order: `vocabulary` (codes as tokens), `sequences` and `batching` (histories as tensors), `code_model`
(what a network has to do) with `t5` or `decoder_only` (networks; `t5_blocks`, `relative_position` and `kernels` are
their details), `prefixes` (what they learn from), then `train_over_codes` here. Ranking: `trie` (which tuples exist),
`beam_search` (tuples of many users at once), `generation` (tuples to items), then `generate` and `decode_over_codes`
here, and `exhaustive`, which certifies the beam.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import numpy as np
import torch

from semtok.config.over_codes import DecodingOptions, GeneratorTrainingOptions
from semtok.errors import ConfigError, DataError, SemtokError
from semtok.recommenders.batching import Batches
from semtok.recommenders.beam_search import beam_search
from semtok.recommenders.code_model import CodeModel
from semtok.recommenders.exhaustive import certify, exhaustive_search
from semtok.recommenders.generation import Generated, expand
from semtok.recommenders.grouping import pieces
from semtok.recommenders.sequences import Samples, target_samples, train_samples, validation_sample
from semtok.recommenders.task import Decoded, Facts, RecommenderTask, Trained, Weights, ranks_table
from semtok.recommenders.training import Trainer, TrainingSamples, Validation, recall_and_ndcg
from semtok.recommenders.trie import Constraint, Positions, Trie
from semtok.recommenders.vocabulary import ItemTokens
from semtok.run import devices

log = logging.getLogger(__name__)

VALIDATION_K = 10
CERTIFIED_K = 20
CERTIFIED_SAMPLE_SEED = 0


class CodeOptions(Protocol):
    """What the options of a recommender over codes have, whatever else."""

    @property
    def max_items(self) -> int:
        """Most recent items of a history."""

    @property
    def user_tokens(self) -> int:
        """Tokens into which users are hashed."""

    @property
    def collisions(self) -> Literal["suffix", "expand"]:
        """How items of one tuple are told apart."""

    @property
    def training(self) -> GeneratorTrainingOptions:
        """There while training."""

    @property
    def decoding(self) -> DecodingOptions:
        """There while decoding."""


Options = TypeVar("Options", bound=CodeOptions)
Model = TypeVar("Model", bound=CodeModel)
Build = Callable[[RecommenderTask[Options], int], Model]
"""A new network for a task and a size of the vocabulary."""


def prepare(task: RecommenderTask[Options]) -> tuple[ItemTokens, Batches]:
    """The catalogue as tokens, and what turns histories into tensors."""
    if task.codes is None:
        raise DataError("codes: found none; expected those of every item")
    options = task.options
    item_tokens = ItemTokens.from_codes(task.codes, options.collisions, options.user_tokens)
    return item_tokens, Batches(task.sequences, item_tokens, options.max_items, devices.device())


# --- training --------------------------------------------------------------------------------------------------------


def train_over_codes(
    task: RecommenderTask[Options],
    checkpoint: str | Path,
    identity: str,
    build: Build[Options, Model],
    learn: Callable[[Model, Batches, Samples], TrainingSamples],
) -> Trained:
    """Train what `build` makes on what `learn` makes of the `train` records; the weights of the best Recall@10.

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
    item_tokens, batches = prepare(task)
    model = build(task, item_tokens.vocabulary.size).to(batches.device)
    validation = _validation(task, model, Trie(item_tokens, batches.device), batches)
    samples = learn(model, batches, train_samples(task.interactions))
    return Trainer(model, options, samples, validation, task.seed, checkpoint, identity).run()


def _validation(task: RecommenderTask[Options], model: CodeModel, trie: Trie, batches: Batches) -> Validation | None:
    """Recall@10 and NDCG@10 by beam search on a fixed sample of the validation targets."""
    sample = validation_sample(task.targets, task.sequences, task.options.training.validation_users)
    if not len(sample):
        return None
    beam_size = task.options.training.validation_beam_size

    def measure() -> tuple[float, float]:
        generated = generate(model, batches, sample, trie, trie, beam_size, len(sample), task.seed)
        return recall_and_ndcg(generated.ranks(sample.item), VALIDATION_K)

    return Validation(measure)


# --- ranking ---------------------------------------------------------------------------------------------------------


@torch.inference_mode()
def generate(
    model: CodeModel,
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
            leaves, scores = beam_search(model, constraint, trie, batch, beam_size, renormalize)  # both (B, W)
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
    model: CodeModel
    batches: Batches
    trie: Trie
    constraint: Constraint
    seed: int

    @classmethod
    def load(cls, task: RecommenderTask[Options], weights: Weights, build: Build[Options, Model]) -> "Decoder":
        """Put the weights that training returned for these codes into a model, and the codes into a trie."""
        item_tokens, batches = prepare(task)
        model = build(task, item_tokens.vocabulary.size).to(batches.device)
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


def decode_over_codes(task: RecommenderTask[Options], weights: Weights, build: Build[Options, Model]) -> Decoded:
    """Ranks of the test targets, and facts about the decoding.

    A target's rank counts items, not tuples, and comes from its history alone; it is null where the target is not in
    the beam. The seed only orders items that share a tuple (collisions: expand). Facts: `invalid_rate` (share of
    generated tuples that no item has), and of a search in the trie, for `certify_users` targets, `overlap@20` with the
    exact ranking and the Recall@1 of both.
    """
    decoder = Decoder.load(task, weights, build)
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
    # The soft constraint searches all tuples, and the exact ranking is of those that items have.
    if task.options.decoding.constraint == "trie":
        n_users = task.options.decoding.certify_users
        facts |= certified_facts(decoder, samples, generated, n_users) if n_users else {"certified_targets": 0}
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
