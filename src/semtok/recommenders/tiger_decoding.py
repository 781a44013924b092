"""Trained TIGER to ranked items, with the facts that say how far to trust them."""

import logging
import time
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from torch import Tensor

from semtok import devices
from semtok.config.recommenders import TIGERDecoding
from semtok.recommenders.batching import Batches
from semtok.recommenders.generation import Generated, generate
from semtok.recommenders.sequences import Samples, Sequences, target_samples
from semtok.recommenders.t5 import T5
from semtok.recommenders.trie import Constraint, Positions, Trie
from semtok.recommenders.vocabulary import Catalogue

log = logging.getLogger(__name__)


def decode(
    options: TIGERDecoding,
    state_dict: Mapping[str, Tensor],
    codes: npt.NDArray[np.integer],
    interactions: pd.DataFrame,
    targets: pd.DataFrame,
    seed: int,
) -> tuple[pd.DataFrame, dict[str, float | int]]:
    """Ranks of the test targets (the columns of ranks.parquet) and facts about the decoding."""
    device = devices.device()
    catalogue = Catalogue.from_codes(codes, options.collisions)
    model = T5(options.model, catalogue.vocabulary.size)
    model.load_state_dict(state_dict)
    model = model.to(device).eval()
    batches = Batches(Sequences.from_interactions(interactions), catalogue, options.max_items, device)
    samples = target_samples(targets, "test")
    trie = Trie(catalogue, device)
    constraint: Constraint = trie
    if options.decoding.constraint == "position":
        constraint = Positions(catalogue, trie, device)
    decoding, started = options.decoding, time.monotonic()
    generated = generate(
        *(
            model,
            batches,
            samples,
            constraint,
            trie,
            decoding.beam_size,
            decoding.batch_size,
            seed,
            decoding.renormalize,
        )
    )
    seconds = time.monotonic() - started
    facts: dict[str, float | int] = {
        "beam_size": decoding.beam_size,
        "targets": len(samples),
        "invalid_rate": generated.invalid_rate,
        "users_per_second": len(samples) / seconds,
    }
    log.info("decoded %d targets in %.0f s", len(samples), seconds)
    return ranks_table(targets, samples, generated), facts


def ranks_table(targets: pd.DataFrame, samples: Samples, generated: Generated) -> pd.DataFrame:
    """A row a test target: its rank (null where it is not in the beam) and the beam's items, best first."""
    ranks = generated.ranks(samples.item)
    table = targets.loc[targets["split"] == "test", ["target", "user", "item"]].reset_index(drop=True)
    table["rank"] = pd.array(np.where(ranks > 0, ranks, 0), dtype="Int32")
    table.loc[ranks == 0, "rank"] = pd.NA
    table["top"] = [row[row >= 0] for row in generated.top]
    return table
