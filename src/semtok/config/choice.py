"""Options that are chosen by validation: the grid that a config names, its trials, and what was chosen.

A trial is the entry's variant with values of the grid, and `choose=null`, so that it chooses nothing itself:
`sasrec+choose=null+training.learning_rate=0.001`. It is trained as any other run. What is chosen lies in a file, which
takes the grid's place in the options of a job that reads it.
"""

import json
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from semtok.config.variants import parse, replaced, written

Values = dict[str, Any]
"""By option, as `training.learning_rate`."""

TOGETHER = " & "
"""Between the options of a key that have one value."""

SearchGrid = dict[
    Annotated[str, Field(pattern=rf"^(model|training)\.[^& ]+({TOGETHER}(model|training)\.[^& ]+)*$")],
    Annotated[list[bool | int | float | str], Field(min_length=1)],
]


def grid_of(variant: str, options: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What is chosen for a variant of a recommender, whose options are given; nothing that its own name sets."""
    grid: dict[str, list[Any]] = options.get("choose") or {}
    own = parse(variant)[1]
    return {key: grid[key] for key in sorted(grid) if not own.keys() & options_of(key)}


def options_of(key: str) -> list[str]:
    """The options that a key of a grid gives its values: one, or those of `model.dropout & model.attention_dropout`."""
    return key.split(TOGETHER)


def combinations(grid: Mapping[str, list[Any]]) -> list[Values]:
    """Every one of a grid, the values of the last option changing first."""
    return [
        {option: value for key, value in zip(grid, values, strict=True) for option in options_of(key)}
        for values in product(*grid.values())
    ]


def trials(variant: str, grid: Mapping[str, list[Any]]) -> list[str]:
    """The variants that a grid is chosen from, in the order of `combinations`."""
    return [
        "+".join([variant, "choose=null", *(f"{key}={written(value)}" for key, value in values.items())])
        for values in combinations(grid)
    ]


def with_choice(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a job where `choose` is the file of what was chosen: as far as they are there, as it says."""
    path = options.get("choose")
    if not isinstance(path, str):
        return dict(options)
    chosen: Values = json.loads(Path(path).read_text(encoding="utf-8"))["chosen"]
    kept = {key: value for key, value in chosen.items() if key.partition(".")[0] in options}
    return replaced({**options, "choose": None}, kept, path)


def grid_in_words(grid: Mapping[str, list[Any]]) -> str:
    """A grid as a note has it; empty without one."""
    return " and ".join(f"{key} of {', '.join(map(str, values))}" for key, values in grid.items())
