"""Constrained beam search of many users at once (STORE, 3.3; docs/methods.md, "Beam search")."""

import torch
from torch import Tensor

from semtok.recommenders.batching import SourceBatch
from semtok.recommenders.code_model import CodeModel
from semtok.recommenders.trie import Constraint, Trie


def best(scores: Tensor, ties: Tensor, count: int) -> Tensor:
    """Columns [U, count] of the highest `scores` [U, C] <= 0, best first; equal ones by `ties` [U, C] in [0, 2^31).

    Score and tie-breaker are packed into one integer, whose order is theirs: the bits of a non-negative float32 read as
    an integer grow with it. So one partial sort is deterministic, which `topk` over equal floats is not.
    """
    magnitude = (-scores.float()).clamp(min=0).view(torch.int32).long()
    return ((magnitude << 32) | ties).topk(count, largest=False).indices


def allowed_log_probabilities(log_p: Tensor, tokens: Tensor, valid: Tensor, renormalize: bool) -> Tensor:
    """Log-probabilities [U, W, C] of allowed `tokens` under `log_p` [U, W, V]; -inf where not `valid`.

    `log_p` is over the whole vocabulary and stays so unless `renormalize` shares the mass of the forbidden tokens.
    """
    chosen = log_p.gather(-1, tokens).masked_fill(~valid, -torch.inf)
    return chosen.log_softmax(-1) if renormalize else chosen


@torch.inference_mode()
def beam_search(
    model: CodeModel,
    constraint: Constraint,
    trie: Trie,
    batch: SourceBatch,
    beam_size: int,
    renormalize: bool,
) -> tuple[Tensor, Tensor]:
    """The best tuples of each user: leaves [U, W] of `trie`, best first, and their log-probabilities [U, W].

    W is `beam_size`, or less where fewer tuples exist. A leaf of -1 is a tuple that no item has or an empty place of
    the beam (log-probability -inf). Equal scores are ordered by the smallest item of the leaf at the last level, and by
    the rank of the parent before it. EOS follows every whole tuple with the same right, so it is not scored.
    """
    n_users, width, device = len(batch.source), 1, batch.source.device
    # Of U users and W branches each: the last token, the prefix and its log-probability. There is one branch at first.
    tokens, state = model.begin(batch.source, batch.mask)  # (U * W,)
    prefix = torch.zeros((n_users, 1), dtype=torch.long, device=device)  # (U, W)
    scores = torch.zeros((n_users, 1), device=device)  # (U, W)
    first_row = torch.arange(n_users, device=device).unsqueeze(1)  # (U, 1)
    for level in range(constraint.n_levels):
        logits, state = model.step(tokens, state)  # (U * W, V)
        child_tokens, child, valid = constraint.children(level, prefix)  # (U, W, C), C children at most
        log_p = logits.log_softmax(-1).view(n_users, width, -1)  # (U, W, V)
        gained = allowed_log_probabilities(log_p, child_tokens, valid, renormalize)  # (U, W, C)
        candidates = (scores.unsqueeze(-1) + gained).flatten(1)  # (U, W * C)
        is_last = level == constraint.n_levels - 1
        ties = smallest_items(trie, constraint.leaves(child.flatten(1))) if is_last else column_numbers(candidates)
        n_children, next_width = child.shape[-1], min(beam_size, candidates.shape[1], constraint.n_prefixes(level + 1))
        kept = best(candidates, ties, next_width)  # (U, next W), columns of the candidates
        scores, prefix = candidates.gather(1, kept), child.flatten(1).gather(1, kept)  # (U, next W)
        tokens = child_tokens.flatten(1).gather(1, kept).flatten()  # (U * next W,)
        if not is_last:
            state = state.select((first_row * width + kept // n_children).flatten())  # the row of each one's parent
        width = next_width
    return constraint.leaves(prefix).masked_fill(scores == -torch.inf, -1), scores


def column_numbers(like: Tensor) -> Tensor:
    """The number of each column, as a row that broadcasts to `like` [U, C]."""
    return torch.arange(like.shape[1], device=like.device).unsqueeze(0)


def smallest_items(trie: Trie, leaves: Tensor) -> Tensor:
    """The smallest item of each leaf; behind all items where there is no leaf."""
    items = trie.items[trie.item_starts[leaves.clamp(min=0)]]
    return items.masked_fill(leaves < 0, len(trie.items))
