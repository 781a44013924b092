"""SASRec (Kang & McAuley, ICDM 2018) with the cross-entropy over the whole catalogue.

Causal Transformer blocks over item vectors. After every step of a user's train part the network scores all items,
`h_t . e_i`; the loss is the cross-entropy of the item that came next. (The first SASRec drew one negative item a step,
which is markedly weaker.)

Shapes: B histories of T items, d the hidden width.
"""

from pathlib import Path

from torch import Tensor, nn

from semtok.config.over_ids import SASRec, SelfAttentionOptions
from semtok.recommenders.item_ids import decode_over_ids, train_over_ids
from semtok.recommenders.item_model import CausalModel
from semtok.recommenders.self_attention import TransformerEncoder, initialize
from semtok.recommenders.sequences import Histories
from semtok.recommenders.task import Decoded, RecommenderTask, Trained, Weights


class SASRecNetwork(CausalModel):
    """Items to states; the score of item i after step t is `h_t . e_i`, with the vectors that the items come in by.

    The parameter `item.weight` [n_items, d] holds the item vectors.
    """

    def __init__(self, options: SelfAttentionOptions, n_items: int, max_items: int) -> None:
        super().__init__()
        self.item = nn.Embedding(n_items, options.hidden_dim)
        self.layers = TransformerEncoder(options, max_items)
        self.apply(initialize)

    def forward(self, items: Tensor) -> Tensor:
        """The state after each of the items: [B, T] ids, oldest first, T at most `max_items`, to [B, T, d]."""
        states: Tensor = self.layers(self.item(items))
        return states

    def states(self, histories: Histories) -> Tensor:
        """The state after each step: [B, T, d]."""
        states: Tensor = self(self.tensor(histories.items))
        return states

    def scores_after(self, states: Tensor) -> Tensor:
        """Of every item of the catalogue: [N, d] to [N, n_items]."""
        scores: Tensor = states @ self.item.weight.T
        return scores


def build(task: RecommenderTask[SASRec]) -> SASRecNetwork:
    """A new network for the catalogue of the task."""
    return SASRecNetwork(task.options.model, task.sequences.n_items, task.options.max_items)


def train(task: RecommenderTask[SASRec], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_over_ids`."""
    return train_over_ids(task, checkpoint, identity, build)


def decode(task: RecommenderTask[SASRec], weights: Weights) -> Decoded:
    """See `decode_over_ids`."""
    return decode_over_ids(task, weights, build)
