"""Trained TIGER to ranked items, with the facts that say how far to trust them."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from torch import Tensor

from semtok.config.recommenders import TIGER, DecodingOptions
from semtok.recommenders.batching import Batches
from semtok.recommenders.exhaustive import certify, exhaustive_search
from semtok.recommenders.generation import Generated, generate
from semtok.recommenders.sequences import Samples, Sequences, target_samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.trie import Constraint, Positions, Trie
from semtok.recommenders.vocabulary import Catalogue
from semtok.run import devices

log = logging.getLogger(__name__)

Facts = dict[str, float | int]

CERTIFIED_K = 20
CERTIFIED_SAMPLE_SEED = 0


@dataclass(frozen=True)
class Decoder:
    """A trained model with all it needs to rank items."""

    options: DecodingOptions
    model: T5
    batches: Batches
    trie: Trie
    constraint: Constraint
    seed: int

    def rank(self, samples: Samples) -> Generated:
        """The beam's items for each sample."""
        options = self.options
        return generate(
            self.model,
            self.batches,
            samples,
            self.constraint,
            self.trie,
            options.beam_size,
            options.batch_size,
            self.seed,
            options.renormalize,
        )

    def rank_exactly(self, samples: Samples, count: int) -> Generated:
        """The best `count` items for each sample by scoring the whole catalogue."""
        return exhaustive_search(
            self.model, self.batches, samples, self.trie, count, self.seed, self.options.renormalize
        )


def load_decoder(
    options: TIGER,
    state_dict: Mapping[str, Tensor],
    codes: npt.NDArray[np.integer],
    interactions: pd.DataFrame,
    seed: int,
) -> Decoder:
    """Put the weights that `train` returned for these `codes` into a model, and the codes into a trie."""
    device = devices.device()
    catalogue = Catalogue.from_codes(codes, options.collisions)
    model = T5(options.model, catalogue.vocabulary.size)
    model.load_state_dict(state_dict)
    batches = Batches(Sequences.from_interactions(interactions), catalogue, options.max_items, device)
    trie = Trie(catalogue, device)
    constraint: Constraint = trie
    if options.decoding.constraint == "position":
        constraint = Positions(catalogue, trie, device)
    return Decoder(options.decoding, model.to(device).eval(), batches, trie, constraint, seed)


def decode(
    options: TIGER,
    state_dict: Mapping[str, Tensor],
    codes: npt.NDArray[np.integer],
    interactions: pd.DataFrame,
    targets: pd.DataFrame,
    seed: int,
) -> tuple[pd.DataFrame, Facts]:
    """Ranks of the test targets (the columns of ranks.parquet) and facts about the decoding.

    `codes` [n_items, n_levels] are raw. A target's rank counts items, not tuples, and comes from its history alone.
    `seed` only orders items that share a tuple (collisions: expand). Facts: `invalid_rate` (share of generated tuples
    that no item has), and for `certify_users` targets `overlap@20` with the exact ranking and the
    Recall@1 of both.
    """
    decoder = load_decoder(options, state_dict, codes, interactions, seed)
    samples = target_samples(targets, "test", decoder.batches.sequences)
    started = time.monotonic()
    generated = decoder.rank(samples)
    seconds = time.monotonic() - started
    facts: Facts = {
        "targets": len(samples),
        "beam_size": options.decoding.beam_size,
        "invalid_rate": generated.invalid_rate,
    }
    # Times are logged and no facts: equal runs give equal files.
    log.info("decoded %d targets in %.0f s", len(samples), seconds)
    if options.decoding.certify_users:
        facts |= certified_facts(decoder, samples, generated, options.decoding.certify_users)
    return ranks_table(targets, samples, generated), facts


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


def ranks_table(targets: pd.DataFrame, samples: Samples, generated: Generated) -> pd.DataFrame:
    """A row a test target: its rank (null where it is not in the beam) and the beam's items, best first."""
    ranks = generated.ranks(samples.item).astype(np.int32)
    table = targets.loc[targets["split"] == "test", ["target", "user", "item"]].reset_index(drop=True).astype("int32")
    table["rank"] = pd.arrays.IntegerArray(ranks, mask=ranks == 0)
    table["top"] = [row[row >= 0] for row in generated.top]
    return table
