"""GraphSAGE trained without labels: nodes that weighted walks join come near each other (docs/methods.md, "GraphSAGE").

Hamilton, Ying and Leskovec, NeurIPS 2017: two layers of h_i = W [h_i, mean of h_j over neighbours j], which is
torch-geometric's SAGEConv, with ReLU behind each, a linear map, and vectors of length 1.
"""

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor, nn
from torch_geometric.nn import SAGEConv

from semtok.config.encoders import GraphSAGEEncoder
from semtok.encoders.geography import local_km
from semtok.encoders.walks import Nodes, Sampler
from semtok.errors import SemtokError
from semtok.optimizers import Adam
from semtok.run import devices
from semtok.training import Losses, Objective, Plan, Progress, seeded_model, train

log = logging.getLogger(__name__)

EXPORT_BLOCK = 16_384
"""Nodes computed at a time when all are."""
WALKS_AT_A_TIME = 262_144
"""Walks drawn together, so that the pairs of an epoch are never all in memory."""
COLDEST = 0.01
"""A learned temperature stays above it, as the config's does: colder, the logits of unit vectors only grow."""

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]


def encode_nodes(
    options: GraphSAGEEncoder,
    graph: sparse.csr_array,
    latitude: Floats,
    longitude: Floats,
    checkpoint: Path | None = None,
    identity: str = "",
) -> tuple[Vectors, dict[str, Any]]:
    """One unit vector a node: float32 [n_nodes, dimensions], and the history of the training.

    graph: symmetric weights [n_nodes, n_nodes]; every node has an edge.
    latitude, longitude: degrees [n_nodes]; a node where they are NaN has zeros for Fourier features.

    Training resumes from `checkpoint` if that belongs to `identity`; who has written the result deletes it.
    """
    training = GraphSAGETraining(options, graph, fourier_features(options, latitude, longitude))
    progress = train(training, Plan(options.epochs, options.learning_rate), checkpoint, identity)
    vectors = training.embed()
    # A row of NaN would say that the item has no place, which is something else.
    if not np.isfinite(vectors).all():
        raise SemtokError(f"GraphSAGE: the vectors are not finite numbers; {training.remedy}")
    return vectors, {
        "loss_by_epoch": [row["loss"] for row in progress.history],
        "temperature": float(training.model.temperature().detach()),
        **devices.hardware(),
        # Whatever the device would rather compute in: the network is small and its sums are not.
        "dtype": "float32",
    }


def fourier_features(options: GraphSAGEEncoder, latitude: Floats, longitude: Floats) -> Vectors:
    """Sines and cosines of the local coordinates at wavelengths in geometric steps: float32 [n, 4 * fourier_scales]."""
    features = np.zeros((len(latitude), 4 * options.fourier_scales), dtype=np.float32)
    located = np.isfinite(latitude) & np.isfinite(longitude)
    if options.fourier_scales and located.any():
        wavelengths = np.geomspace(options.largest_scale_km, options.smallest_scale_km, options.fourier_scales)
        position = local_km(latitude[located], longitude[located])
        angles = (2 * np.pi * position[:, :, None] / wavelengths).reshape(len(position), -1)
        features[located] = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    return features


class GraphSAGE(nn.Module):
    """Fourier features and a learned vector of every node through two layers of neighbourhood means."""

    def __init__(self, options: GraphSAGEEncoder, n_nodes: int, n_features: int) -> None:
        super().__init__()
        self.own = nn.Parameter(torch.empty(n_nodes, options.identity_dim))
        if options.identity_dim:
            nn.init.xavier_uniform_(self.own)
        width = n_features + options.identity_dim
        self.layers = nn.ModuleList(
            [SAGEConv(width, options.hidden_dim), SAGEConv(options.hidden_dim, options.hidden_dim)]
        )
        self.output = nn.Linear(options.hidden_dim, options.dimensions)
        self.log_temperature = nn.Parameter(
            torch.tensor(math.log(options.temperature)), requires_grad=options.learn_temperature
        )

    def layer(self, number: int, inputs: Tensor, targets: Tensor, edges: Tensor) -> Tensor:
        """The next vectors of the nodes `targets` [n_targets], as positions in `inputs` [n_inputs, width].

        edges: [2, n_edges], positions in `inputs` and in `targets`.
        """
        hidden: Tensor = self.layers[number]((inputs, inputs.index_select(0, targets)), edges)
        return hidden.relu()

    def head(self, hidden: Tensor) -> Tensor:
        """Unit vectors [n, dimensions]."""
        return F.normalize(self.output(hidden), dim=1)

    def temperature(self) -> Tensor:
        """What the cosines are divided by."""
        return self.log_temperature.exp().clamp_min(COLDEST)


def walk_loss(anchors: Tensor, positives: Tensor, negatives: Tensor, temperature: Tensor, itself: Tensor) -> Tensor:
    """Mean over the pairs of -log s(u.v / tau) - sum over the negatives n of log s(-u.n / tau).

    anchors, positives: unit vectors [n, dim]; negatives: [m, dim], shared. itself: [n, m], where a negative is the
    anchor, which is left out: no vector can be unlike itself.
    """
    near = F.logsigmoid((anchors * positives).sum(dim=1) / temperature)
    far = F.logsigmoid(-(anchors @ negatives.T) / temperature).masked_fill(itself, 0).sum(dim=1)
    return -(near + far).mean()


class GraphSAGETraining(Objective):
    """The training of GraphSAGE; whatever is drawn depends on (seed, epoch)."""

    name = "GraphSAGE"
    model: GraphSAGE

    def __init__(self, options: GraphSAGEEncoder, graph: sparse.csr_array, features: Vectors) -> None:
        self.options = options
        self.remedy = f"lower learning_rate (now {options.learning_rate})"
        self.sampler = Sampler(graph, options.negative_exponent)
        self.where = devices.device()
        self.features = torch.from_numpy(features).to(self.where)
        self.model = seeded_model(lambda: GraphSAGE(options, self.sampler.n_nodes, features.shape[1]), options.seed)
        learned = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = Adam(learned, lr=options.learning_rate, fused=True)
        self.random = np.random.default_rng()
        """Of the epoch: walks, negatives and samples of neighbours come from it in turn."""

    def batches(self, epoch: int) -> Iterator[tuple[Nodes, Nodes]]:
        """Pairs of nodes, [batch] each, of `walks_per_node` walks from every node."""
        self.random = np.random.default_rng((self.options.seed, epoch))
        yield from self._pairs(self.random)

    def backward(self, batch: tuple[Nodes, Nodes], progress: Progress) -> Losses:
        """The mean loss of the pairs (`walk_loss`)."""
        anchors, positives = batch
        loss = self._loss(anchors, positives, self.random)
        torch.autograd.backward(loss)
        return Losses({"loss": loss}, weight=len(anchors), divisor=len(anchors))

    def row(self, progress: Progress, losses: dict[str, float]) -> dict[str, Any]:
        """The mean loss of a pair."""
        log.info("epoch %d: loss %.4f", progress.epoch, losses["loss"])
        return {"epoch": progress.epoch, **losses}

    @torch.no_grad()
    def embed(self) -> Vectors:
        """The vectors of all nodes from all their neighbours, layer by layer: float32 [n_nodes, dimensions]."""
        self.model.eval()
        everyone = np.arange(self.sampler.n_nodes)
        hidden = self._inputs(everyone)
        for number in range(len(self.model.layers)):
            blocks = []
            for nodes in np.split(everyone, range(EXPORT_BLOCK, len(everyone), EXPORT_BLOCK)):
                neighbours, targets = self.sampler.edges(nodes, None, None)
                blocks.append(self.model.layer(number, hidden, self._at(nodes), self._at(neighbours, targets)))
            hidden = torch.cat(blocks)
        vectors: Vectors = self.model.head(hidden).cpu().numpy()
        return vectors

    def _pairs(self, random: np.random.Generator) -> Iterator[tuple[Nodes, Nodes]]:
        rounds, n_nodes = self.options.walks_per_node, self.sampler.n_nodes
        together = max(1, WALKS_AT_A_TIME // n_nodes)
        for first in range(0, rounds, together):
            starts = np.tile(np.arange(n_nodes), min(together, rounds - first))
            # Mixed before they are cut, so that the pairs of a block come from everywhere.
            random.shuffle(starts)
            for block in np.split(starts, range(WALKS_AT_A_TIME, len(starts), WALKS_AT_A_TIME)):
                anchors, positives = self.sampler.pairs(block, self.options.walk_length, random)
                for row in range(0, len(anchors), self.options.batch_size):
                    rows = slice(row, row + self.options.batch_size)
                    yield anchors[rows], positives[rows]

    def _loss(self, anchors: Nodes, positives: Nodes, random: np.random.Generator) -> Tensor:
        negatives = self.sampler.negatives(self.options.negatives, random)  # (N,), for all anchors (P,)
        nodes, place = self._distinct(anchors, positives, negatives)
        vectors = self._sampled(nodes, random)  # (distinct nodes, dim)
        of_anchors, of_positives, of_negatives = (
            vectors.index_select(0, self._at(place[group])) for group in (anchors, positives, negatives)
        )  # (P, dim), (P, dim), (N, dim)
        itself = torch.from_numpy(anchors[:, None] == negatives).to(self.where)  # (P, N)
        return walk_loss(of_anchors, of_positives, of_negatives, self.model.temperature(), itself)

    def _sampled(self, nodes: Nodes, random: np.random.Generator) -> Tensor:
        """Vectors of `nodes`, from a sample of their neighbours and of those neighbours' neighbours."""
        steps = []
        # From the last layer to the first, since each asks for the nodes that the one before has to know.
        for samples in reversed(self.options.neighbour_samples):
            neighbours, targets = self.sampler.edges(nodes, samples, random)
            needed, place = self._distinct(nodes, neighbours)
            steps.append((self._at(place[nodes]), self._at(place[neighbours], targets)))
            nodes = needed
        hidden = self._inputs(nodes)
        for number, (targets_at, edges) in enumerate(reversed(steps)):
            hidden = self.model.layer(number, hidden, targets_at, edges)
        return self.model.head(hidden)

    def _inputs(self, nodes: Nodes) -> Tensor:
        rows = self._at(nodes)
        return torch.cat([self.features.index_select(0, rows), self.model.own.index_select(0, rows)], dim=1)

    def _distinct(self, *groups: Nodes) -> tuple[Nodes, Nodes]:
        """The nodes that occur, and the place of each node of the graph among them."""
        occurs = np.zeros(self.sampler.n_nodes, dtype=bool)
        for group in groups:
            occurs[group] = True
        return np.flatnonzero(occurs), np.cumsum(occurs) - 1

    def _at(self, *positions: Nodes) -> Tensor:
        stacked = positions[0] if len(positions) == 1 else np.stack(positions)
        return torch.from_numpy(stacked).to(self.where)
