"""The untrained baselines of every ranking table: their names, and what tables say of them."""

from dataclasses import dataclass
from typing import Literal

from semtok.config.tokenizers import IDS
from semtok.config.untrained import UntrainedName, UntrainedOptions

Kind = Literal["trained", "untrained", "control"]
"""Of a row: a method that is trained, a list that needs no training, or a bound that no method is."""


@dataclass(frozen=True)
class UntrainedRow:
    """What a table says of an untrained baseline."""

    name: UntrainedName
    label: str
    kind: Kind
    words: str
    """What it is, in a sentence; {window} stands for the option."""

    @property
    def method(self) -> str:
        """As rows and claims name it."""
        return f"{IDS}/{self.name}"

    def sentence(self, options: UntrainedOptions) -> str:
        """What it is, for the notes of a table."""
        return self.words.format(window=options.window)


_ROWS = (
    UntrainedRow("popularity", "Popularity", "untrained", "all items by how often train holds them."),
    UntrainedRow(
        "recency", "Recency", "untrained", "the user's own items, the latest first, then all others by popularity."
    ),
    UntrainedRow(
        "frequency",
        "Frequency",
        "untrained",
        "the user's own items, the most frequent first (of equals the latest), then all others by popularity.",
    ),
    UntrainedRow(
        "co-occurrence",
        "Co-occurrence",
        "untrained",
        "what follows the user's last {window} items within {window} places in train, near ones counting more.",
    ),
    UntrainedRow(
        "content", "Content", "untrained", "items whose texts are nearest to the mean of the user's last {window}."
    ),
    UntrainedRow("random", "Random list", "control", "all items in random order, the floor of a metric."),
    UntrainedRow(
        "oracle",
        "Oracle",
        "control",
        "every target first whose item train holds at all, the ceiling of what learns from ids alone; codes and texts "
        "may reach the rest.",
    ),
)
UNTRAINED: dict[str, UntrainedRow] = {row.method: row for row in _ROWS}
"""By the name of the row, as `ids/popularity`, in the order in which tables have them."""


def kind_of(method: str) -> Kind:
    """The kind of a row, bar or cell, by its name."""
    return UNTRAINED[method].kind if method in UNTRAINED else "trained"
