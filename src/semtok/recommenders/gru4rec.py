"""GRU4Rec (Hidasi et al., ICLR 2016) with the cross-entropy over the whole catalogue.

A recurrent network over item vectors. After every step of a user's train part it scores all items, `W h_t . e_i`; the
loss is the cross-entropy of the item that came next. (The first GRU4Rec reads sessions side by side and has a ranking
loss over the items of the batch.) Of a gated recurrent unit with input x and state h:

    r = sigmoid(W_r x + U_r h), z = sigmoid(W_z x + U_z h), n = tanh(W_n x + r * U_n h), h' = (1 - z) * n + z * h

Shapes: B histories of T items, d the width of the item vectors, h that of the states.
"""

from pathlib import Path

from torch import Tensor, nn

from semtok.config.over_ids import GRU4Rec, GRUOptions
from semtok.recommenders.item_ids import decode_over_ids, train_over_ids
from semtok.recommenders.item_model import CausalModel
from semtok.recommenders.sequences import Histories
from semtok.recommenders.task import Decoded, RecommenderTask, Trained, Weights

INITIAL_DEVIATION = 0.02


class GRU4RecNetwork(CausalModel):
    """Items to states; the score of item i after step t is `W h_t . e_i`, with the vectors that the items come in by.

    The parameter `item.weight` [n_items, d] holds the item vectors.
    """

    def __init__(self, options: GRUOptions, n_items: int) -> None:
        super().__init__()
        self.item = nn.Embedding(n_items, options.embedding_dim)
        self.dropout = nn.Dropout(options.dropout)
        self.gru = nn.GRU(options.embedding_dim, options.hidden_dim, options.n_layers, bias=False, batch_first=True)
        self.project = nn.Linear(options.hidden_dim, options.embedding_dim)
        nn.init.normal_(self.item.weight, std=INITIAL_DEVIATION)

    def forward(self, items: Tensor) -> Tensor:
        """The projected state after each of the items: [B, T] ids, oldest first, to [B, T, d]."""
        states, _ = self.gru(self.dropout(self.item(items)))  # (B, T, h)
        projected: Tensor = self.project(states)
        return projected

    def states(self, histories: Histories) -> Tensor:
        """The state after each step: [B, T, d]."""
        states: Tensor = self(self.tensor(histories.items))
        return states

    def scores_after(self, states: Tensor) -> Tensor:
        """Of every item of the catalogue: [N, d] to [N, n_items]."""
        scores: Tensor = states @ self.item.weight.T
        return scores


def build(task: RecommenderTask[GRU4Rec]) -> GRU4RecNetwork:
    """A new network for the catalogue of the task."""
    return GRU4RecNetwork(task.options.model, task.sequences.n_items)


def train(task: RecommenderTask[GRU4Rec], checkpoint: str | Path, identity: str) -> Trained:
    """See `train_over_ids`."""
    return train_over_ids(task, checkpoint, identity, build)


def decode(task: RecommenderTask[GRU4Rec], weights: Weights) -> Decoded:
    """See `decode_over_ids`."""
    return decode_over_ids(task, weights, build)
