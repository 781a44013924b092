"""P5 in the form that STORE compares with: a language model with one word of its own for each item.

The prompt is STORE's, of one vector an item, and the score of item i is that of its word behind the header of the next
item. The original P5 is a T5 over pieces of item numbers with five families of tasks.

Shapes: B histories of T items.
"""

from pathlib import Path

import torch
from torch import Tensor

from semtok.config.on_language_models import P5
from semtok.recommenders.item_ids import decode_over_ids, train_over_ids
from semtok.recommenders.item_model import ItemModel, WindowBatch
from semtok.recommenders.language_task import LanguageModelTask
from semtok.recommenders.prompts import PromptedModel
from semtok.recommenders.sequences import Histories
from semtok.recommenders.task import Decoded, Trained, Weights


class P5Network(PromptedModel, ItemModel):
    """The network: items are symbols."""

    def loss(self, windows: WindowBatch) -> Tensor:
        """The summed cross-entropy of all learned steps, in one pass: the last stands behind the header."""
        items, lengths = self.tensor(windows.histories.items), self.tensor(windows.histories.lengths)
        rows = torch.arange(len(items), device=self.device)
        is_learned = self.tensor(windows.is_learned)
        last = self.tensor(windows.following)[rows, lengths - 1]  # (B,)
        # Step t tells item t + 1 of the stream.
        asked = torch.nn.functional.pad(is_learned, (1, 0))[:, :-1]
        prompts = self.lay_out(items[..., None], lengths, last[:, None], asked, len(self.next))
        prompts.asked[rows, prompts.n_tokens - 1] &= is_learned[rows, lengths - 1]
        return self.symbol_losses(prompts).sum()

    def scores(self, histories: Histories) -> Tensor:
        """Of every item to come next: [B, n_items]."""
        items, lengths = self.tensor(histories.items), self.tensor(histories.lengths)
        none = torch.zeros(items.shape, dtype=torch.bool, device=self.device)
        prompts = self.lay_out(items[..., None], lengths, items[:, :0], none, len(self.next))
        states = self.read(prompts.ids, prompts.n_tokens).last_hidden_state
        last = states[torch.arange(len(items), device=self.device), prompts.n_tokens - 1]
        return self.symbol_logits(last)


def build(task: LanguageModelTask[P5]) -> P5Network:
    """A new network for the catalogue of the task."""
    model = P5Network(task.load(), task.options.model, task.sequences.n_items)
    model.check_length(task.options.max_items, 1, task.options.language_model)
    return model


def train(task: LanguageModelTask[P5], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_over_ids`."""
    return train_over_ids(task, checkpoint, identity, lambda _: build(task))


def decode(task: LanguageModelTask[P5], weights: Weights) -> Decoded:
    """See `decode_over_ids`."""
    return decode_over_ids(task, weights, lambda _: build(task))
