"""The contract of a recommender that writes the code of the next item, token by token.

`train_over_codes` and `decode_over_codes` of `item_codes` do the rest: histories and codes to tensors, training,
validation, the constrained beam search and its certificate. `t5` (TIGER) and `decoder_only` are examples.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass
class DecoderState:
    """What decoding remembers: keys and values of the histories, and those of every token that was decoded.

    Rows are branches of a tree: several continue one token. So nothing is copied when they branch; each row knows which
    row of each past step it descends from.
    """

    memory: list[tuple[Tensor, Tensor]]
    """A layer: keys and values [B, H, S, D] of the sources, never copied."""
    mask: Tensor | None
    """[B, 1, 1, S]: 0 where the source has a token, -inf where it does not."""
    past: list[list[Tensor]]
    """A past step, a layer: keys and values [rows of that step, 2, H, D]."""
    ancestors: list[Tensor]
    """A past step: the row of that step that each present row [R] descends from."""

    def select(self, rows: Tensor) -> "DecoderState":
        """The state whose row r continues row `rows[r]` of this one."""
        return DecoderState(self.memory, self.mask, self.past, [ancestor[rows] for ancestor in self.ancestors])


class CodeModel(nn.Module, ABC):
    """Histories as tokens to a probability of every token that may come next."""

    @abstractmethod
    def begin(self, source: Tensor, mask: Tensor | None) -> tuple[Tensor, DecoderState]:
        """The token of each history from which decoding goes on [B], and the state before it.

        source [B, S]; mask [B, S] is True where there is a token, None where there are no pads (at the end).
        """

    @abstractmethod
    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Logits [B * W, V] of the token after `tokens` [B * W], W rows a history, and the state with them in it."""

    @abstractmethod
    def every_target(self, source: Tensor, target: Tensor, seen: Tensor) -> Tensor:
        """The summed cross-entropy (nats) of the tokens of N targets in each source [B, S], which is read once.

        target [B, N, 1 + levels], BOS first; seen [B, N]: how many tokens of the source come before the target, 0 where
        there is no such target. Nothing that stands behind them, as pads do, may have an influence.
        """
