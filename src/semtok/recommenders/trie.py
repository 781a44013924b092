"""The tuples that exist, as arrays: which tokens may follow a prefix (STORE, 3.3; docs/methods.md, "Beam search")."""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from semtok.errors import ConfigError
from semtok.recommenders.vocabulary import ItemTokens


class Constraint(Protocol):
    """What may follow a prefix. Prefixes are numbers that only the constraint understands; 0 is the empty one."""

    n_levels: int

    def n_prefixes(self, level: int) -> int:
        """How many prefixes of `level` tokens there are."""

    def children(self, level: int, prefix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens, prefixes and validity [..., C] of what may follow each of `prefix` [...] of `level` tokens."""

    def leaves(self, prefix: Tensor) -> Tensor:
        """The leaf of the trie of each whole tuple, -1 where no item has it."""


class Trie:
    """All prefixes of all tuples, numbered level by level in lexicographic order, so that siblings are neighbours.

    `tokens[l]` [P_(l+1)] is the last token of each prefix of l + 1 tokens; `starts[l]` [P_l + 1] is where the children
    of each prefix of l tokens start among them. Leaf i holds the items `items[item_starts[i]:item_starts[i + 1]]`, in
    ascending order (one item, if the tuples have a suffix).
    """

    def __init__(self, item_tokens: ItemTokens, device: torch.device) -> None:
        self.n_levels = item_tokens.tokens.shape[1]
        order = np.lexsort(item_tokens.tokens.T[::-1])
        tuples = item_tokens.tokens[order]
        self.tokens: list[Tensor] = []
        self.starts: list[Tensor] = []
        parent_rows = np.zeros(1, dtype=np.int64)
        is_new = np.zeros(len(tuples), dtype=bool)
        is_new[0] = True
        for level in range(self.n_levels):
            is_new[1:] |= tuples[1:, level] != tuples[:-1, level]
            rows = np.flatnonzero(is_new)
            self.tokens.append(torch.from_numpy(tuples[rows, level]).to(device))
            starts = np.append(np.searchsorted(rows, parent_rows), len(rows))
            self.starts.append(torch.from_numpy(starts).to(device))
            parent_rows = rows
        self.most_children = [int(starts.diff().max()) for starts in self.starts]
        self.items = torch.from_numpy(order).to(device)
        self.item_starts = torch.from_numpy(np.append(parent_rows, len(tuples))).to(device)

    def n_prefixes(self, level: int) -> int:
        """How many prefixes of `level` tokens there are."""
        return 1 if level == 0 else len(self.tokens[level - 1])

    def children(self, level: int, prefix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens, prefixes and validity [..., C]; C is the largest number of children at this level."""
        starts, tokens = self.starts[level], self.tokens[level]
        child = starts[prefix].unsqueeze(-1) + torch.arange(self.most_children[level], device=prefix.device)
        valid = child < starts[prefix + 1].unsqueeze(-1)
        child = child.clamp(max=len(tokens) - 1)
        return tokens[child], child, valid

    def leaves(self, prefix: Tensor) -> Tensor:
        """The prefixes themselves: every whole tuple of a trie is a leaf."""
        return prefix


class Positions:
    """The soft constraint of LC-Rec's code: any code of the position's level, so that a tuple need not exist."""

    def __init__(self, item_tokens: ItemTokens, trie: Trie, device: torch.device) -> None:
        sizes = item_tokens.vocabulary.level_sizes
        if np.prod([float(size) for size in sizes]) >= 2.0**62:
            raise ConfigError(f"decoding.constraint: position cannot number the tuples of levels {sizes}; use trie")
        self.n_levels, self.sizes = trie.n_levels, sizes
        self.offsets = [int(offset) for offset in item_tokens.vocabulary.offsets]
        number = np.zeros(len(item_tokens.tokens), dtype=np.int64)
        for level, size in enumerate(sizes):
            number = number * size + item_tokens.tokens[:, level] - self.offsets[level]
        self.existing = torch.from_numpy(np.unique(number)).to(device)

    def n_prefixes(self, level: int) -> int:
        """How many prefixes of `level` tokens there are."""
        return int(np.prod(self.sizes[:level], dtype=np.int64))

    def children(self, level: int, prefix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens, prefixes and validity [..., C] with C the size of the level; all are valid."""
        code = torch.arange(self.sizes[level], device=prefix.device).expand(*prefix.shape, -1)
        child = prefix.unsqueeze(-1) * self.sizes[level] + code
        return code + self.offsets[level], child, torch.ones_like(child, dtype=torch.bool)

    def leaves(self, prefix: Tensor) -> Tensor:
        """The leaf of each tuple, -1 where no item has it (both number tuples in lexicographic order)."""
        place = torch.searchsorted(self.existing, prefix).clamp(max=len(self.existing) - 1)
        return torch.where(self.existing[place] == prefix, place, -1)
