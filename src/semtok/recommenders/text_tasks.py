"""What a language model learns of an item's codes and text beside histories, and how such samples are joined."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from semtok.encoders.attributes import AttributeTokens, TokenIds, encoded, padded
from semtok.recommenders.grouping import capacity_of, groups_by_length
from semtok.recommenders.prompts import PromptBatch, PromptedModel
from semtok.recommenders.sequences import Integers
from semtok.recommenders.training import TrainingSamples
from semtok.recommenders.vocabulary import N_SPECIALS, ItemTokens
from semtok.run import devices

TO_CODES = ("Write the codes of this item.\n", "\nCodes:")
TO_TEXT = ("Write the text of this item.\n", "\nText:")
SHARE_OF_CONTEXT = 5
"""A text takes at most the fifth part of the positions, as in RecBench."""


@dataclass
class ItemTexts:
    """The items that have a text, with their codes: what both tasks are made of."""

    model: PromptedModel
    """Whose symbols are the codes."""
    texts: list[TokenIds]
    codes: list[TokenIds]
    """As ids that the model reads."""
    instructions: dict[tuple[str, str], tuple[TokenIds, TokenIds]]

    @classmethod
    def of(cls, model: PromptedModel, attributes: AttributeTokens, items: ItemTokens) -> "ItemTexts":
        """Those of a catalogue; a text is what the dense tokenizer would read of an item, cut off."""
        longest = model.max_positions // SHARE_OF_CONTEXT
        texts = [attributes.content(item)[:longest] for item in range(len(items.tokens))]
        having = [item for item, text in enumerate(texts) if text]
        codes = (items.tokens - N_SPECIALS + model.n_words).tolist()
        instructions = {}
        for task in (TO_CODES, TO_TEXT):
            before, behind = encoded(model.vocabulary, task)
            instructions[task] = ([model.text_start, *before], behind)
        return cls(model, [texts[item] for item in having], [codes[item] for item in having], instructions)


@dataclass
class TextTask(TrainingSamples):
    """One of the two tasks, an item a sample. Only what answers is learned from."""

    items: ItemTexts
    task: tuple[str, str]
    lengths: Integers = field(init=False)

    def __post_init__(self) -> None:
        before, behind = self.items.instructions[self.task]
        lengths = [len(text) + len(code) for text, code in zip(self.items.texts, self.items.codes, strict=True)]
        self.lengths = np.array(lengths, dtype=np.int64) + len(before) + len(behind)

    def __len__(self) -> int:
        return len(self.items.texts)

    def predictions(self, rows: Integers) -> int:
        """One an item: its loss is the mean cross-entropy of the answer's tokens."""
        return len(rows)

    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """Add the gradient of the summed loss of the items `rows` / `n_predictions`; returns the sum []."""
        model, where = self.items.model, self.items.model.head.weight.device
        total = torch.zeros((), device=where)
        for group in groups_by_length(self.lengths[rows], 0, capacity_of(where)):
            with devices.autocast(where, devices.compute_dtype(where)):
                loss = self._loss(model, rows[group], where)
            torch.autograd.backward(loss / n_predictions)
            total += loss.detach()
        return total

    def _loss(self, model: PromptedModel, rows: Integers, where: torch.device) -> Tensor:
        before, behind = self.items.instructions[self.task]
        pairs = [(self.items.texts[row], self.items.codes[row]) for row in rows]
        if self.task == TO_CODES:
            questions, answers = [text for text, _ in pairs], [codes for _, codes in pairs]
        else:
            questions, answers = [codes for _, codes in pairs], [text for text, _ in pairs]
        whole = zip(questions, answers, strict=True)
        ids = padded([[*before, *question, *behind, *answer] for question, answer in whole], model.filler, where)
        n_tokens = torch.from_numpy(self.lengths[rows]).to(where)
        n_answer = torch.tensor([len(answer) for answer in answers], device=where)
        place = torch.arange(ids.shape[1], device=where)
        asked = (place >= (n_tokens - n_answer)[:, None]) & (place < n_tokens[:, None])
        losses = model.symbol_losses if self.task == TO_CODES else model.word_losses
        of_row = asked[:, 1:].nonzero()[:, 0]
        return (losses(PromptBatch(ids, n_tokens, asked)) / n_answer[of_row]).sum()


class Joined(TrainingSamples):
    """Samples of several kinds, numbered one kind after the other."""

    def __init__(self, kinds: Sequence[TrainingSamples]) -> None:
        self.kinds = kinds

    def start(self, epoch: int) -> None:
        """Draw what differs between the epochs, for each kind."""
        for kind in self.kinds:
            kind.start(epoch)

    def __len__(self) -> int:
        return sum(map(len, self.kinds))

    def predictions(self, rows: Integers) -> int:
        """Those of all kinds."""
        return sum(kind.predictions(own) for kind, own in self._by_kind(rows))

    def backward(self, rows: Integers, n_predictions: int) -> Tensor:
        """Add the gradients of all kinds; returns the sum of their losses []."""
        return torch.stack([kind.backward(own, n_predictions) for kind, own in self._by_kind(rows)]).sum()

    def _by_kind(self, rows: Integers) -> Iterator[tuple[TrainingSamples, Integers]]:
        first = 0
        for kind in self.kinds:
            own = rows[(rows >= first) & (rows < first + len(kind))] - first
            first += len(kind)
            if len(own):
                yield kind, own
