"""What recommenders over plain item ids share: training and ranking around the model that a method builds."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch

from semtok.config.recommender_options import FullRankingOptions, TrainingOptions
from semtok.errors import DataError
from semtok.recommenders.full_ranking import rank_catalogue
from semtok.recommenders.item_model import ItemModel
from semtok.recommenders.sequences import target_samples, validation_sample
from semtok.recommenders.task import Decoded, Facts, RecommenderTask, Trained, Weights, ranks_table
from semtok.recommenders.training import Trainer, TrainingSamples, Validation, recall_and_ndcg
from semtok.recommenders.windows import Windows
from semtok.run.devices import device

log = logging.getLogger(__name__)

VALIDATION_K = 10
VALIDATION_BATCH_SIZE = 256


class ItemOptions(Protocol):
    """What the options of a recommender over plain item ids have, whatever else."""

    @property
    def max_items(self) -> int:
        """Most recent items of a history, and the longest window that is trained on."""

    @property
    def training(self) -> TrainingOptions:
        """There while training."""

    @property
    def decoding(self) -> FullRankingOptions:
        """There while decoding."""


Options = TypeVar("Options", bound=ItemOptions)


def windows_of(task: RecommenderTask[Options], model: ItemModel) -> TrainingSamples:
    """Windows of the `train` records, each of whose steps is to predict the item after it."""
    return Windows.from_interactions(model, task.interactions, task.options.max_items)


def train_over_ids(
    task: RecommenderTask[Options],
    checkpoint: str | Path,
    identity: str,
    build: Callable[[RecommenderTask[Options]], ItemModel],
    samples: Callable[[RecommenderTask[Options], ItemModel], TrainingSamples] = windows_of,
) -> Trained:
    """Train what `build` makes on `samples` of the `train` records; the weights of the best validation Recall@10.

    Without a `valid` target the last weights are returned. A checkpoint of the same `identity` is continued, to the
    very weights (CPU, float32) of a run without interruption; the caller removes it when all is written.
    """
    torch.manual_seed(task.seed)
    model = build(task).to(device())
    validation, learned = _validation(task, model), samples(task, model)
    return Trainer(model, task.options.training, learned, validation, task.seed, checkpoint, identity).run()


def _validation(task: RecommenderTask[Options], model: ItemModel) -> Validation | None:
    """Recall@10 and NDCG@10 by full ranking of a fixed sample of the validation targets."""
    sample = validation_sample(task.targets, task.sequences, task.options.training.validation_users)
    if not len(sample):
        return None

    def measure() -> tuple[float, float]:
        max_items = task.options.max_items
        ranked = rank_catalogue(model, task.sequences, sample, max_items, VALIDATION_BATCH_SIZE, VALIDATION_K)
        return recall_and_ndcg(ranked.rank, VALIDATION_K)

    return Validation(measure)


def decode_over_ids(
    task: RecommenderTask[Options], weights: Weights, build: Callable[[RecommenderTask[Options]], ItemModel]
) -> Decoded:
    """Ranks of the test targets among all items, those of the history too, so that every target has a rank.

    Nothing is drawn. Facts: `scored_items`; `tied_targets`, the share of targets whose rank would be worse if every
    item of an equal score came first; `unlearned_targets`, the share whose item has no train record.
    """
    sequences, decoding = task.sequences, task.options.decoding
    samples = target_samples(task.targets, "test", sequences)
    if not len(samples):
        raise DataError("targets: no row of the split test; expected at least one")
    model = build(task)
    model.load_state_dict(weights)
    model.to(device())
    started = time.monotonic()
    ranked = rank_catalogue(model, sequences, samples, task.options.max_items, decoding.batch_size, decoding.top)
    # Times are logged and no facts: equal runs give equal files.
    log.info("ranked %d items for %d targets in %.0f s", sequences.n_items, len(samples), time.monotonic() - started)
    learned = task.interactions.loc[task.interactions["split"] == "train", "item"]
    facts: Facts = {
        "targets": len(samples),
        "scored_items": sequences.n_items,
        "tied_targets": float((ranked.pessimistic > ranked.rank).mean()),
        "unlearned_targets": float((~np.isin(samples.item, learned)).mean()),
    }
    return ranks_table(task.targets, ranked.rank, ranked.top), facts
