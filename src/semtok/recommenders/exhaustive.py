"""The exact score of every item, to certify the beam (docs/methods.md, "Beam search")."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from semtok.recommenders.batching import Batches, SourceBatch
from semtok.recommenders.beam_search import allowed_log_probabilities, best, smallest_items
from semtok.recommenders.code_model import CodeModel, DecoderState
from semtok.recommenders.generation import Generated, expand
from semtok.recommenders.sequences import Integers, Samples
from semtok.recommenders.trie import Trie
from semtok.run import devices

PREFIXES_AT_ONCE = 2048


@torch.inference_mode()
def score_catalogue(model: CodeModel, trie: Trie, batch: SourceBatch, renormalize: bool) -> Tensor:
    """Log-probabilities [n_leaves] of all tuples for one user, whose history is all of `batch`.

    Every prefix of the trie goes through the decoder once, level by level; nothing is pruned.
    """
    device = batch.source.device
    tokens, state = model.begin(batch.source, batch.mask)  # (P,)
    # Of the P prefixes of a level: log-probability and last token.
    scores = torch.zeros(1, device=device)  # (P,)
    past: list[list[Tensor]] = []
    ancestors: list[Tensor] = []
    for level in range(trie.n_levels):
        next_scores, steps = [], []
        for nodes in torch.split(torch.arange(len(tokens), device=device), PREFIXES_AT_ONCE):
            known = DecoderState(state.memory, state.mask, past, [ancestor[nodes] for ancestor in ancestors])
            logits, grown = model.step(tokens[nodes], known)  # (N, V)
            child_tokens, _, valid = trie.children(level, nodes)  # (N, C)
            gained = allowed_log_probabilities(logits.log_softmax(-1), child_tokens, valid, renormalize)  # (N, C)
            next_scores.append((scores[nodes].unsqueeze(-1) + gained)[valid])  # (children of the N prefixes,)
            steps.append(grown.past[-1])
        past.append([torch.cat(layer) for layer in zip(*steps, strict=True)])
        # (P of the next level,) the prefix that each one extends
        parents = torch.arange(len(tokens), device=device).repeat_interleave(trie.starts[level].diff())
        ancestors = [ancestor[parents] for ancestor in ancestors] + [parents]
        scores, tokens = torch.cat(next_scores), trie.tokens[level]
    return scores


@torch.inference_mode()
def exhaustive_search(
    model: CodeModel, batches: Batches, samples: Samples, trie: Trie, count: int, seed: int, renormalize: bool = False
) -> Generated:
    """The `count` best items of each sample among all of the catalogue, in the order that the beam search uses."""
    model.eval()
    dtype = devices.compute_dtype(batches.device)
    top = np.full((len(samples), count), -1, dtype=np.int32)
    all_leaves = torch.arange(trie.n_prefixes(trie.n_levels), device=batches.device).unsqueeze(0)
    ties = smallest_items(trie, all_leaves)
    for row in range(len(samples)):
        sample = samples.take(np.array([row]))
        batch = batches.source(sample)
        with devices.autocast(batches.device, dtype):
            scores = score_catalogue(model, trie, batch, renormalize)
        leaves = best(scores.unsqueeze(0), ties, min(count, len(scores)))
        items = expand(leaves, trie, sample.user, seed)[0, :count]
        top[row, : len(items)] = items
    return Generated(top, 0.0)


@dataclass(frozen=True)
class Certificate:
    """How close a beam comes to the truth on some targets."""

    targets: int
    overlap: float
    """Mean share of the true k best items that are among the beam's first k."""
    beam_recall_at_1: float
    exhaustive_recall_at_1: float
    """A beam cannot do better than this but by luck: if it does by much, it has seen the target."""


def certify(generated: Generated, exact: Generated, items: Integers, k: int) -> Certificate:
    """Compare the beam with the truth for the samples whose targets are `items`."""
    k = min(k, exact.top.shape[1])
    overlaps = [
        len(np.intersect1d(truth[truth >= 0], found[found >= 0])) / max((truth >= 0).sum(), 1)
        for truth, found in zip(exact.top[:, :k], generated.top[:, :k], strict=True)
    ]
    return Certificate(
        targets=len(items),
        overlap=float(np.mean(overlaps)),
        beam_recall_at_1=float((generated.ranks(items) == 1).mean()),
        exhaustive_recall_at_1=float((exact.ranks(items) == 1).mean()),
    )
