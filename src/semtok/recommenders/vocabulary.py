"""Codes as tokens: every level has its own range of ids behind the special ones (docs/methods.md, "Recommenders")."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from semtok.errors import DataError
from semtok.tokenizers.collisions import with_suffix

PAD, BOS, EOS = 0, 1, 2
N_SPECIALS = 3


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a catalogue: PAD, BOS (starts the decoder), EOS, `level_sizes[l]` codes a level, then users."""

    level_sizes: tuple[int, ...]
    n_user_tokens: int = 0

    @property
    def size(self) -> int:
        """How many token ids there are."""
        return N_SPECIALS + sum(self.level_sizes) + self.n_user_tokens

    def user_tokens(self, users: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """The token of each user, by the remainder (docs/methods.md, "TIGER"): users are numbered without a meaning."""
        return N_SPECIALS + sum(self.level_sizes) + users.astype(np.int64) % self.n_user_tokens

    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """The token id of code 0 of each level [L]."""
        return N_SPECIALS + np.concatenate([[0], np.cumsum(self.level_sizes[:-1], dtype=np.int64)])

    def tokens(self, codes: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Token ids [..., L] of codes [..., L]."""
        if codes.shape[-1] != len(self.level_sizes) or (codes < 0).any() or (codes >= self.level_sizes).any():
            raise DataError(f"codes: outside of the {len(self.level_sizes)} levels of sizes {self.level_sizes}")
        return codes.astype(np.int64) + self.offsets

    def codes(self, tokens: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Codes [..., L] of token ids [..., L], each of which must belong to its level."""
        codes = tokens.astype(np.int64) - self.offsets
        if (codes < 0).any() or (codes >= self.level_sizes).any():
            raise DataError("tokens: some do not belong to the level of their position")
        return codes


@dataclass(frozen=True)
class ItemTokens:
    """Every item as tokens."""

    vocabulary: Vocabulary
    tokens: npt.NDArray[np.int64]
    """[n_items, n_levels]; row i is item i."""

    @classmethod
    def from_codes(
        cls, codes: npt.NDArray[np.integer], collisions: Literal["suffix", "expand"], n_user_tokens: int = 0
    ) -> "ItemTokens":
        """The catalogue of raw codes [n_items, n_levels], with a suffix level if `collisions` says so.

        A level is as large as its largest code; a code that no item has could never be generated anyway.
        """
        if codes.ndim != 2 or not codes.size or not np.issubdtype(codes.dtype, np.integer):
            raise DataError(f"codes: {codes.dtype} {list(codes.shape)}; expected integers [n_items, n_levels]")
        if (codes < 0).any():
            row = int(np.flatnonzero((codes < 0).any(axis=1))[0])
            raise DataError(f"codes, row {row}: {codes[row].tolist()}; expected codes of at least 0")
        if collisions == "suffix":
            codes = with_suffix(codes.astype(np.int32))
        vocabulary = Vocabulary(tuple(int(size) for size in codes.max(axis=0) + 1), n_user_tokens)
        return cls(vocabulary, vocabulary.tokens(codes))
