"""TIGER (Rajput et al., NeurIPS 2023), as CoST, SimCIT and LETTER use it: a T5 writes the code of the next item.

Source: the codes of the user's last items, oldest first. Target: the codes of the next item, then EOS. The loss is the
cross-entropy of the target's tokens (docs/methods.md, "TIGER"). `item_codes` says in which order to read its files.
"""

from functools import partial
from pathlib import Path

from semtok.config.over_codes import TIGER
from semtok.recommenders.item_codes import decode_over_codes, train_over_codes
from semtok.recommenders.prefixes import EveryTarget, Prefixes
from semtok.recommenders.t5 import T5
from semtok.recommenders.task import Decoded, RecommenderTask, Trained, Weights


def build(task: RecommenderTask[TIGER], vocabulary_size: int) -> T5:
    """A new network."""
    return T5(task.options.model, vocabulary_size)


def train(task: RecommenderTask[TIGER], checkpoint: str | Path, identity: str) -> Trained:
    """Train on prefixes, or on windows with every target in one pass; see `train_over_codes`."""
    if task.options.training.targets == "last":
        return train_over_codes(task, checkpoint, identity, build, Prefixes)
    return train_over_codes(task, checkpoint, identity, build, partial(EveryTarget, seed=task.seed))


def decode(task: RecommenderTask[TIGER], weights: Weights) -> Decoded:
    """See `decode_over_codes`."""
    return decode_over_codes(task, weights, build)
