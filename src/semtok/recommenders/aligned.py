"""A training with alignment: before the recommendation of an epoch a pass over texts, until that no longer helps."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from semtok.config.on_language_models import STORERecommender, STORETrainingOptions
from semtok.recommenders.batching import Batches
from semtok.recommenders.item_codes import VALIDATION_K, generate, prepare
from semtok.recommenders.language_codes import LanguageCodes
from semtok.recommenders.language_task import LanguageModelTask
from semtok.recommenders.sequences import Integers, Samples, train_samples, validation_sample
from semtok.recommenders.task import Trained
from semtok.recommenders.text_tasks import Joined
from semtok.recommenders.training import Trainer, TrainingSamples, Validation, epoch_order, recall_and_ndcg
from semtok.recommenders.trie import Trie
from semtok.training import Progress


class AlignedTrainer(Trainer):
    """Alignment and recommendation in turn; after `patience` validations without a better one, recommendation alone.

    The epochs with alignment are those of the history whose `aligned` is true; their `loss` is the mean of both kinds.
    """

    checkpointed = ("aligns",)
    options: STORETrainingOptions

    def __init__(
        self,
        model: LanguageCodes,
        options: STORETrainingOptions,
        alignment: TrainingSamples,
        recommendation: TrainingSamples,
        validation: Validation | None,
        seed: int,
        checkpoint: str | Path,
        identity: str,
    ) -> None:
        self.aligns, self.n_aligned, self.n_recommended = True, len(alignment), len(recommendation)
        samples = Joined([alignment, recommendation])
        super().__init__(model, options, samples, validation, seed, checkpoint, identity)
        kinds = ((self.n_aligned, options.alignment_items), (self.n_recommended, options.samples_per_epoch))
        self.steps_per_epoch = sum(math.ceil(min(most or n, n) / options.batch_size) for n, most in kinds)

    def batches(self, epoch: int) -> Iterator[Integers]:
        """Items with their texts, a batch at a time, as long as that helps; then histories."""
        self.samples.start(epoch)
        size = self.options.batch_size
        if self.aligns:
            order = epoch_order(self.n_aligned, self.options.alignment_items, self.seed, epoch - 1)
            yield from (order[start : start + size] for start in range(0, len(order), size))
        order = epoch_order(self.n_recommended, self.options.samples_per_epoch, self.seed, epoch - 1)
        order = self.n_aligned + order
        yield from (order[start : start + size] for start in range(0, len(order), size))

    def row(self, progress: Progress, losses: dict[str, float]) -> dict[str, Any]:
        """As any recommender's, and whether there was alignment; ends it when it no longer helps."""
        row = super().row(progress, losses) | {"aligned": self.aligns}
        score = self.score(row)
        is_worse = score is not None and progress.best is not None and score <= progress.best_score
        if self.aligns and is_worse and progress.waited + 1 >= self.options.patience > 0:
            self.aligns = False
            progress.waited = -1  # 0, once the loop has counted this validation
        return row


def train_aligned(
    task: LanguageModelTask[STORERecommender],
    checkpoint: str | Path,
    identity: str,
    build: Callable[[LanguageModelTask[STORERecommender], int], LanguageCodes],
    learn: Callable[[LanguageCodes, Batches, Samples], TrainingSamples],
    texts: Callable[[LanguageCodes], TrainingSamples],
) -> Trained:
    """As `train_over_codes`, with alignment on what `texts` makes."""
    options = task.options.training
    torch.manual_seed(task.seed)
    item_tokens, batches = prepare(task)
    model = build(task, item_tokens.vocabulary.size).to(batches.device)
    sample = validation_sample(task.targets, task.sequences, options.validation_users)
    trie, beam_size = Trie(item_tokens, batches.device), options.validation_beam_size

    def measure() -> tuple[float, float]:
        generated = generate(model, batches, sample, trie, trie, beam_size, len(sample), task.seed)
        return recall_and_ndcg(generated.ranks(sample.item), VALIDATION_K)

    validation = Validation(measure) if len(sample) else None
    recommendation = learn(model, batches, train_samples(task.interactions))
    return AlignedTrainer(
        model, options, texts(model), recommendation, validation, task.seed, checkpoint, identity
    ).run()
