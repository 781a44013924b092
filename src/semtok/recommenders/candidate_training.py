"""How scorers are trained: on what train users were shown, clicked or not; the validation users choose the epoch."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.metrics import log_loss, roc_auc_score
from torch import Tensor

from semtok.config.scorers import ScorerTrainingOptions
from semtok.errors import DataError
from semtok.recommenders.candidate_model import CandidateModel
from semtok.recommenders.candidate_prompts import Questions, probability
from semtok.recommenders.grouping import capacity_of, groups_by_length
from semtok.recommenders.sequences import VALIDATION_SAMPLE_SEED, Integers
from semtok.recommenders.task import Trained
from semtok.recommenders.training import Trainer, TrainingSamples
from semtok.run import devices, distributed
from semtok.training import Plan, Progress, train, weights_of

log = logging.getLogger(__name__)

Measures = dict[str, float]


class Clicks(TrainingSamples):
    """The candidates of the train users, a sample each. Where `negatives` is a number, only so many of a user's without
    a click are learned from for each with one, drawn anew in every epoch."""

    def __init__(self, model: CandidateModel, questions: Questions, negatives: int | None, seed: int) -> None:
        self.model, self.questions, self.seed = model, questions, seed
        self._clicked = np.flatnonzero(questions.clicked)
        self._others = np.flatnonzero(~questions.clicked)
        user = questions.candidates["user"].to_numpy(np.int64)
        clicks = np.bincount(user[self._clicked], minlength=user.max(initial=0) + 1)
        self._most = None if negatives is None else negatives * clicks[user]  # others of each candidate's user
        self._user = user
        self.start(0)

    def start(self, epoch: int) -> None:
        """Draw the candidates without a click."""
        others = self._others
        if self._most is not None:
            drawn = np.random.default_rng([self.seed, epoch, 2]).permutation(others)
            drawn = drawn[np.argsort(self._user[drawn], kind="stable")]
            place = np.arange(len(drawn)) - np.searchsorted(self._user[drawn], self._user[drawn])
            others = drawn[place < self._most[drawn]]
        self._rows = np.sort(np.concatenate([self._clicked, others]))

    def __len__(self) -> int:
        return len(self._rows)

    def predictions(self, rows: Integers) -> int:
        """One a candidate."""
        return len(rows)

    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """Add the gradient of the summed loss of `rows` / `n_predictions`; returns the sum []."""
        where = devices.device()
        asked = self._rows[rows]
        prompts, clicked = self.questions.of(asked), self.questions.clicked[asked]
        total = torch.zeros((), device=where)
        lengths = np.array([len(prompt) for prompt in prompts], dtype=np.int64)
        for group in groups_by_length(lengths, 0, capacity_of(where)):
            labels = torch.from_numpy(clicked[group].astype(np.float32)).to(where)
            with devices.autocast(where, devices.compute_dtype(where)):
                loss = self.model.losses([prompts[row] for row in group], labels).sum()
            torch.autograd.backward(loss / n_predictions)
            total += loss.detach()
        return total


class CandidateTrainer(Trainer):
    """A training whose best weights are told by the candidates of the validation users."""

    options: ScorerTrainingOptions
    measures: ClassVar[tuple[str, ...]] = ("auc", "gauc", "valid_loss")

    def __init__(
        self,
        model: CandidateModel,
        options: ScorerTrainingOptions,
        samples: TrainingSamples,
        measure: Callable[[], Measures] | None,
        seed: int,
        checkpoint: str | Path,
        identity: str,
    ) -> None:
        super().__init__(model, options, samples, None, seed, checkpoint, identity)
        self.measure = measure

    def run(self) -> Trained:
        """Train to the end of the schedule or until patience is over; the history has one row per epoch."""
        options = self.options
        distributed.align(self.model)
        plan = Plan(options.epochs, options.learning_rate, options.schedule, options.warmup, options.patience)
        progress = train(self, plan, self.checkpoint, self.identity)
        history = pd.DataFrame(progress.history).astype(dict.fromkeys(self.measures, float))
        return weights_of(self.model), history

    def row(self, progress: Progress, losses: dict[str, float]) -> dict[str, Any]:
        """The mean loss of a candidate, and what is measured on the validation users, if it is time for that."""
        options, epoch = self.options, progress.epoch
        is_due = epoch % options.validation_every == 0 or epoch == options.epochs
        found: Measures = distributed.from_main(self.measure) if self.measure is not None and is_due else {}
        row = {
            "epoch": epoch,
            "steps": progress.step,
            "loss": losses["loss"],
            "learning_rate": progress.learning_rate,
            **{name: found.get(name) for name in self.measures},
        }
        told = [f"{name} {value:.4g}" for name, value in row.items() if isinstance(value, float)]
        log.info("epoch %d/%d: %s", epoch, options.epochs, ", ".join(told))
        return row

    def score(self, row: dict[str, Any]) -> tuple[float, ...] | None:
        """What the options say is best; of equals the earlier epoch is kept."""
        by = self.options.chosen_by
        value = row["valid_loss" if by == "loss" else by]
        return None if value is None else (-value if by == "loss" else value,)


def train_on_clicks(
    model: CandidateModel,
    options: ScorerTrainingOptions,
    samples: TrainingSamples,
    valid: Questions,
    seed: int,
    checkpoint: str | Path,
    identity: str,
) -> Trained:
    """Train `model` on `samples`; the weights of the epoch that is best on the questions `valid`.

    Without such questions the last weights are returned.
    """
    if options.validation_users is not None:
        valid = some_users(valid, options.validation_users)

    def measure() -> Measures:
        was_training = model.training
        model.eval()
        margins = valid.answers(model.margins, options.batch_size)
        model.train(was_training)
        return measures_of(margins, valid)

    wanted = measure if len(valid) else None
    return CandidateTrainer(model, options, samples, wanted, seed, checkpoint, identity).run()


def some_users(questions: Questions, count: int) -> Questions:
    """The questions about `count` of the users: the same for every seed and scorer, so that they choose alike."""
    users = questions.candidates["user"].unique()
    drawn = np.random.default_rng(VALIDATION_SAMPLE_SEED).permutation(np.sort(users))[:count]
    kept = questions.candidates[questions.candidates["user"].isin(drawn)].reset_index(drop=True)
    return Questions(kept, questions.histories, questions.prompts)


def measures_of(margins: npt.NDArray[np.float64], questions: Questions) -> Measures:
    """`auc` over all candidates, `gauc`, its mean over the users that have both kinds, and `valid_loss`, the mean
    cross-entropy of the clicks in nats."""
    clicked = questions.clicked
    by_user = [
        float(roc_auc_score(clicked[rows], margins[rows]))
        for rows in questions.candidates.groupby("user").indices.values()
        if clicked[rows].any() and not clicked[rows].all()
    ]
    if not by_user:
        raise DataError(
            f"candidates of {questions.candidates['user'].nunique()} validation users: found none with a clicked and "
            "another candidate; expected some, since these users choose the epoch (training.validation_users)"
        )
    return {
        "auc": float(roc_auc_score(clicked, margins)),
        "gauc": float(np.mean(by_user)),
        "valid_loss": float(log_loss(clicked, probability(margins))),
    }


def check_clicks(questions: Questions, users: str, path: str) -> None:
    """Raise a DataError where the candidates of `users` (train, validation) are all clicked, or none is."""
    clicked = questions.clicked
    if not len(clicked) or clicked.all() or not clicked.any():
        raise DataError(
            f"{path}: found {int(clicked.sum())} clicked among {len(clicked)} candidates of the {users} users that are "
            "in the catalogue; expected some that are clicked and some that are not, since a scorer learns to tell "
            "them apart (a dataset whose impressions hold clicks alone cannot train one)"
        )
