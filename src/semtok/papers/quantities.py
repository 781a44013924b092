"""Reading what tokenizers measured about their codes (diagnostics.json) and the decoder about itself."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from semtok.run.files import read_json

COLLISION_RATE = "collision rate"
NEIGHBOUR_COLLISION = "P(collision | nearest)"
RANDOM_COLLISION = "P(collision | random pair)"

CERTIFIED = 0.95
"""A row whose beam finds less than this share of the true best is not judged."""
LUCK, LUCKY_LISTS = 0.05, 2
"""A beam that has the target first in more lists than exact scores have, by more than this share of them and more than
so many, has seen it (docs/methods.md, "Beam search")."""
UNCERTIFIED = "†"
"""Marks such a row, in tables and figures."""
MARKED = (
    f"{UNCERTIFIED} The beam finds less than {CERTIFIED:.0%} of the true best, was not compared with exact scores, or "
    "has seen the target: not judged."
)

RIGHT, ANOTHER_ITEM = "accuracy", "accuracy_of_another_item"


def answers(path: str | Path) -> dict[str, dict[str, Any]]:
    """By attribute, how a dense tokenizer's facts tell of its answers on held-out items."""
    found: dict[str, dict[str, Any]] = read_json(path)["held_out_answers"]
    return found


def flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers in a JSON value, each under its path (`levels.0.perplexity`); text and null are left out."""
    if isinstance(value, bool | int | float):
        yield prefix, float(value)
    elif isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, entry in entries:
            yield from flatten(entry, f"{prefix}.{key}" if prefix else str(key))


def headlines(path: str | Path) -> dict[str, float]:
    """The quantities that matter most, by a readable name; those that the file lacks are left out.

    Collisions are of raw tuples. The nearest item is the nearest of another vector: equal vectors have equal codes
    whatever the loss is, so they tell methods not apart.
    """
    content: Mapping[str, Any] = dict(flatten(read_json(path)))
    depths = sum(key.startswith("neighbourhoods.depths.") and key.endswith(".random") for key in content)
    tuple_of_items = f"neighbourhoods.depths.{depths - 1}"
    named = {
        COLLISION_RATE: "tuples.collision_rate",
        "colliding items": "tuples.colliding_item_rate",
        "collision rate after repair": "repair.collision_rate",
        "repaired items": "repair.repaired_items",
        "largest group": "tuples.largest_group",
        "collision rate of distinct vectors": "duplicates.quantizer_collision_rate",
        NEIGHBOUR_COLLISION: f"{tuple_of_items}.nearest_distinct",
        RANDOM_COLLISION: f"{tuple_of_items}.random",
    }
    levels = [key for key in content if key.startswith("levels.") and key.endswith(".perplexity")]
    named |= {f"perplexity {int(key.split('.')[1]) + 1}": key for key in levels}
    return {name: float(content[key]) for name, key in named.items() if key in content}


def use(path: str | Path) -> dict[str, float]:
    """The quantities of a `DiagnosticsClaim`; those that the file lacks are left out."""
    content = dict(flatten(read_json(path)))
    found = {COLLISION_RATE: [content["tuples.collision_rate"]] if "tuples.collision_rate" in content else []}
    keys = {"codebook perplexity": "perplexity_share", "codebook use": "utilisation", "codebook evenness": "gini"}
    for name, key in keys.items():
        found[name] = [value for path, value in content.items() if re.fullmatch(rf"levels\.\d+\.{key}", path)]
    found["codebook evenness"] = [1 - value for value in found["codebook evenness"]]
    return {name: sum(values) / len(values) for name, values in found.items() if values}


def shape(path: str | Path) -> str:
    """Levels and codewords, as in 3x48; `?` for a size that the file lacks."""
    levels = read_json(path).get("levels", [])
    sizes = dict.fromkeys(str(level.get("codebook_size", "?")) for level in levels)
    return f"{len(levels)}x{'/'.join(sizes)}"


def purities(path: str | Path) -> dict[int, tuple[float, float]]:
    """By depth of the prefix, from 1: the purity of prefixes of several items, and what it would be by chance."""
    rows = read_json(path).get("purity", [])
    found = ((row["depth"], row["purity_of_shared"], row.get("by_chance")) for row in rows)
    return {depth: (purity, chance) for depth, purity, chance in found if purity is not None and chance is not None}


def certification(path: str | Path) -> dict[str, float]:
    """What the decoder certified: the overlap of its beam with exhaustive scoring, the rate of invalid tuples."""
    content = flatten(read_json(path))
    return {key.replace("_", " "): value for key, value in content if "overlap" in key or key == "invalid_rate"}


def worst_overlap(paths: Iterable[str | Path]) -> float | None:
    """The smallest share of the true best items that a beam found, of some `decoding.json`; None if none certified."""
    found = [value for path in paths for key, value in certification(path).items() if key.startswith("overlap@")]
    return min(found, default=None)


def beam_fault(paths: Iterable[str | Path]) -> str:
    """What is wrong with the beam of some `decoding.json`, in words; empty if nothing (rule 7 of statistics.md)."""
    paths = list(paths)
    overlap = worst_overlap(paths)
    if overlap is not None and overlap < CERTIFIED:
        return f"finds {overlap:.1%} of the true best, less than {CERTIFIED:.0%}"
    for facts in map(read_json, paths):
        if facts.get("certified_targets") == 0:
            return "was not compared with exact scores (decoding.certify_users is 0)"
        ours, exact = facts.get("beam_recall@1", 0.0), facts.get("exhaustive_recall@1", 0.0)
        lists = facts.get("certified_targets", 0)
        if round((ours - exact) * lists) > max(LUCK * lists, LUCKY_LISTS):
            return f"has the target first in {ours:.0%} of the lists and exact scores in {exact:.0%}, so it has seen it"
    return ""
