"""LC-Rec's recommender (Zheng et al., ICDE 2024): a language model, instructed to tie codes to texts.

Three tasks, shuffled: the next item of a history, the codes of a text, the text of codes. Only the response is learned
from. Its own code gives codes and words one softmax; here each has its own, since no response has both. Its language
model is LLaMA, and STORE's row is on OPT.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from semtok.config.on_language_models import LCRecRecommender
from semtok.recommenders.batching import Batches
from semtok.recommenders.item_codes import decode_over_codes, train_over_codes
from semtok.recommenders.language_codes import LanguageCodes, item_tokens, new_network
from semtok.recommenders.language_task import LanguageModelTask
from semtok.recommenders.sequences import Integers, Samples
from semtok.recommenders.task import Decoded, Trained, Weights
from semtok.recommenders.text_tasks import TO_CODES, TO_TEXT, ItemTexts, Joined, TextTask
from semtok.recommenders.training import TrainingSamples
from semtok.run import devices


@dataclass
class NextItems(TrainingSamples):
    """The item after each prefix of the users' train parts: a history is read for its one response."""

    model: LanguageCodes
    batches: Batches
    samples: Samples

    def __len__(self) -> int:
        return len(self.samples)

    def predictions(self, rows: Integers) -> int:
        """One a prefix: its loss is the mean cross-entropy of the codes."""
        return len(rows)

    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """Add the gradient of the summed loss of `rows` / `n_predictions`; returns the sum []."""
        samples, where, n_levels = self.samples.take(rows), self.batches.device, self.batches.n_levels
        total = torch.zeros((), device=where)
        for group in self.batches.by_length(samples, decoder_tokens=n_levels):
            part = samples.take(group)
            source = self.batches.source(part).source
            seen = torch.from_numpy(self.batches.sequences.lengths(part, self.batches.max_items)).to(where) * n_levels
            target = self.batches.target(part.item)[:, None, :-1]
            with devices.autocast(where, devices.compute_dtype(where)):
                loss = self.model.every_target(source, target, seen[:, None]) / n_levels
            (loss / n_predictions).backward()
            total += loss.detach()
        return total


def build(task: LanguageModelTask[LCRecRecommender], vocabulary_size: int) -> LanguageCodes:
    """A new network."""
    return new_network(task, vocabulary_size, task.options.model)


def train(task: LanguageModelTask[LCRecRecommender], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_over_codes`."""

    def learn(model: LanguageCodes, batches: Batches, samples: Samples) -> Joined:
        items = ItemTexts.of(model, task.texts(model.vocabulary), item_tokens(task))
        return Joined([NextItems(model, batches, samples), TextTask(items, TO_CODES), TextTask(items, TO_TEXT)])

    return train_over_codes(task, checkpoint, identity, lambda _, size: build(task, size), learn)


def decode(task: LanguageModelTask[LCRecRecommender], weights: Weights) -> Decoded:
    """See `decode_over_codes`."""
    return decode_over_codes(task, weights, lambda _, size: build(task, size))
