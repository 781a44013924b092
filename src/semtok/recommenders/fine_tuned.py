"""A BERT fine-tuned on clicks (STORE, 4.4): all weights learn, from the binary cross-entropy of yes
against no in the place of a mask behind the question."""

from pathlib import Path

import pandas as pd
import torch

from semtok.config.scorers import FineTunedScorer
from semtok.recommenders.candidate_model import YesOrNoBERT, prompts_of_bert
from semtok.recommenders.candidate_prompts import Prompts, probability
from semtok.recommenders.candidate_training import Clicks, train_on_clicks
from semtok.recommenders.scorer_task import ScorerTask
from semtok.recommenders.task import Trained, Weights
from semtok.run import devices


def build(task: ScorerTask[FineTunedScorer]) -> tuple[YesOrNoBERT, Prompts]:
    """The network as it was before, and what it is asked."""
    model = task.load_masked()
    prompts = prompts_of_bert(task.options, model, task.texts(model.vocabulary, task.options.max_tokens))
    return YesOrNoBERT(model).to(devices.device()), prompts


def train(task: ScorerTask[FineTunedScorer], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_on_clicks`."""
    options = task.options.training
    torch.manual_seed(task.seed)
    model, prompts = build(task)
    samples = Clicks(model, task.questions("train", prompts), options.negatives, task.seed)
    return train_on_clicks(model, options, samples, task.questions("valid", prompts), task.seed, checkpoint, identity)


def score(task: ScorerTask[FineTunedScorer], weights: Weights) -> pd.DataFrame:
    """The test users' candidates that are in the catalogue, in their order: `user`, `item`, `clicked`, `score`."""
    model, prompts = build(task)
    model.load_state_dict(weights)
    questions = task.questions("test", prompts)
    margins = questions.answers(model.eval().margins, task.options.scoring.batch_size)
    return questions.candidates.assign(score=probability(margins))
