"""What GraphSAGE draws from a graph: weighted walks, negatives, and neighbours."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

Nodes = npt.NDArray[np.int64]


class Sampler:
    """Draws from a graph in which every node has an edge."""

    def __init__(self, graph: sparse.csr_array, negative_exponent: float) -> None:
        self.start = graph.indptr.astype(np.int64)
        self.neighbours = graph.indices.astype(np.int64)
        self.degree = np.diff(self.start)
        weight = graph.data.astype(np.float64)  # (e,)
        total = np.add.reduceat(weight, self.start[:-1])  # (n,)
        running = np.cumsum(weight / np.repeat(total, self.degree))  # (e,)
        before = np.concatenate([[0.0], running[self.start[1:-1] - 1]])
        nodes = np.arange(len(self.degree))
        # The edges of node i cut [i, i + 1] in proportion to their weights: one search steps all walks.
        self.cuts = running - np.repeat(before - nodes, self.degree)
        self.cuts[self.start[1:] - 1] = nodes + 1
        chance = self.degree**negative_exponent
        self.negative_cuts = np.cumsum(chance) / chance.sum()

    @property
    def n_nodes(self) -> int:
        """How many nodes the graph has."""
        return len(self.degree)

    def step(self, at: Nodes, random: np.random.Generator) -> Nodes:
        """One neighbour of each node, in proportion to the weights of its edges."""
        edge = np.searchsorted(self.cuts, at + random.random(len(at)), side="right")
        # at + 0.999... may round to at + 1.
        reached: Nodes = self.neighbours[np.minimum(edge, self.start[at + 1] - 1)]
        return reached

    def pairs(self, starts: Nodes, length: int, random: np.random.Generator) -> tuple[Nodes, Nodes]:
        """Walk once from each of `starts`; the start and each later node of its walk, but the start itself.

        In random order, up to [len(starts) * length] pairs.
        """
        visited, at = [], starts
        for _ in range(length):
            at = self.step(at, random)
            visited.append(at)
        anchors, positives = np.tile(starts, length), np.concatenate(visited)  # (n * length,)
        kept = np.flatnonzero(anchors != positives)
        kept = kept[random.permutation(len(kept))]
        return anchors[kept], positives[kept]

    def negatives(self, count: int, random: np.random.Generator) -> Nodes:
        """Nodes in proportion to degree^exponent, with replacement: [count]."""
        drawn = np.searchsorted(self.negative_cuts, random.random(count), side="right")
        return np.minimum(drawn, self.n_nodes - 1)

    def edges(self, nodes: Nodes, at_most: int | None, random: np.random.Generator | None) -> tuple[Nodes, Nodes]:
        """The edges that reach `nodes`, by at most so many different neighbours each, drawn evenly; None for all.

        Returns the neighbour and the position in `nodes` of every edge, positions ascending.
        """
        degree = self.degree[nodes]  # (n,)
        target = np.repeat(np.arange(len(nodes)), degree)  # (e,) edges of all nodes, one after the other
        rank = np.arange(len(target)) - np.repeat(np.cumsum(degree) - degree, degree)  # (e,) which of its node's
        edge = self.start[nodes][target] + rank  # (e,) where it stands in the graph
        if at_most is not None and random is not None and (degree > at_most).any():
            crowded = np.flatnonzero((degree > at_most)[target])  # (c,) edges of nodes with too many
            shuffled = crowded[np.argsort(target[crowded] + random.random(len(crowded)))]  # (c,) within each node
            kept = np.ones(len(edge), dtype=bool)
            kept[shuffled] = rank[crowded] < at_most
            edge, target = edge[kept], target[kept]
        return self.neighbours[edge], target
