"""What claims have in common."""

from typing import Annotated

from pydantic import Field

from semtok.config.base import Name, Section


class ClaimBase(Section):
    """A statement and its printed evidence."""

    id: Name
    statement: str
    """The claim in our words."""
    printed: str
    """The printed evidence in short."""
    note: str = ""
    """What a reader must know about the test, such as the inconsistency that it works around."""


class Claim(ClaimBase):
    """A claim about one dataset."""

    exhibit: Name
    """The table or figure whose runs decide it."""
    dataset: str
    """Printed name of the dataset."""

    @property
    def tokenizers(self) -> list[str]:
        """Every tokenizer that the test compares, as written in the definition."""
        raise NotImplementedError

    @property
    def datasets(self) -> list[str]:
        """The one dataset."""
        return [self.dataset]


class Pair(Section):
    """`higher` scores above `lower`."""

    higher: str
    lower: str


def named(pairs: list[Pair]) -> list[str]:
    """The names in pairs, in order of first mention."""
    return list(dict.fromkeys(name for pair in pairs for name in (pair.higher, pair.lower)))


class PairedMethods(Section):
    """What claims about pairs have."""

    pairs: Annotated[list[Pair], Field(min_length=1)]

    @property
    def tokenizers(self) -> list[str]:
        """In order of first mention."""
        return named(self.pairs)


class TwoMethods(Section):
    """What claims about how much one method gains over another have."""

    better: str
    worse: str

    @property
    def tokenizers(self) -> list[str]:
        """`better`, then `worse`."""
        return [self.better, self.worse]
