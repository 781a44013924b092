"""Whether two rows were made on equal terms, without files: rule 4 of docs/statistics.md, and rule 7 of beams."""

from collections.abc import Mapping
from dataclasses import dataclass, field

EQUAL_STEPS = 0.1
"""Tokenizers trained for up to this share more steps than others count as trained alike (epochs are whole)."""


@dataclass(frozen=True)
class Made:
    """How the runs of a row were made, as far as those of another row must be made alike."""

    name: str
    history: int | None = None
    """Items of a history that the recommender sees; None: no matter."""
    vectors: Mapping[str, str] = field(default_factory=dict)
    """The encoder of each modality."""
    steps: int | None = None
    """Of the tokenizer's training; None: no matter."""
    beam_fault: str = ""
    """What is wrong with its beam, as said of it: "finds 90% of the true best, less than 95%"."""
    catalogue_model: str = ""
    """The language model that the recommender writes with, where it has read nothing but the catalogue."""


def obstacle(first: Made, second: Made) -> str:
    """Why two rows are not comparable; empty if they are."""
    found = [f"the beam of {row.name} {row.beam_fault}" for row in (first, second) if row.beam_fault]
    if None not in (first.history, second.history) and first.history != second.history:
        found.append(f"{first.name} sees {first.history} items of a history, {second.name} {second.history}")
    for modality in sorted(first.vectors.keys() & second.vectors.keys()):
        one, other = first.vectors[modality], second.vectors[modality]
        if one != other:
            found.append(f"{first.name} reads {modality} by {one}, {second.name} by {other}")
    if first.catalogue_model != second.catalogue_model:
        row, without = (first, second) if first.catalogue_model else (second, first)
        found.append(
            f"{row.name} writes with {row.catalogue_model}, a language model that has read nothing but the catalogue, "
            f"and {without.name} with {without.catalogue_model or 'none'}"
        )
    fewer, more = sorted((first.steps or 0, second.steps or 0))
    if fewer and more > (1 + EQUAL_STEPS) * fewer:
        found.append(f"the tokenizer of {first.name} took {first.steps:,} steps, of {second.name} {second.steps:,}")
    return ", ".join(found)
