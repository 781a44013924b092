"""Where a dataset's records come from: no table may hide it."""

from dataclasses import dataclass
from pathlib import Path

from semtok.errors import DataError
from semtok.run.files import read_json

SOURCES = ("official", "mirror", "synthetic")
PLANTED = "planted"
"""The source of a world whose answer is known: made up, and asked about for its own sake."""
SAME_SIZE = 0.05
"""Relative difference in users and items up to which data are of the paper's size."""


@dataclass(frozen=True)
class Origin:
    """A dataset's source (of `SOURCES`; `own` for own data in the place of a paper's; or `PLANTED`) and its users."""

    source: str
    users: int
    items: int | None = None
    """Size of the catalogue; None where the statistics do not tell."""
    longest: int | None = None
    """Interactions of the user who has most; None where the statistics do not tell."""


def read_origin(path: str | Path) -> Origin:
    """From a dataset's `stats.json`.

    Raises:
        DataError: `source` is unknown or `users` is missing.
    """
    stats = read_json(path)
    if stats.get("source") not in SOURCES:
        raise DataError(f"{path}: found source {stats.get('source')!r}; expected one of {', '.join(SOURCES)}")
    if not isinstance(stats.get("users"), int):
        raise DataError(f"{path}: found users {stats.get('users')!r}; expected a count")
    return Origin(stats["source"], stats["users"], stats.get("items"), stats.get("length", {}).get("max"))


@dataclass(frozen=True)
class PrintedSize:
    """How large the paper's dataset is; None where it prints nothing."""

    users: float | None = None
    items: float | None = None


def differences(origin: Origin, printed: PrintedSize) -> dict[str, str]:
    """Where the data are of another size than the paper's, in words: by `users`, by `items`, or nowhere."""
    counts = (("users", origin.users, printed.users), ("items", origin.items, printed.items))
    return {
        what: f"{ours:,} {what} vs the paper's {theirs:,.0f}"
        for what, ours, theirs in counts
        if ours is not None and theirs is not None and abs(ours - theirs) > SAME_SIZE * theirs
    }


def departure(origin: Origin, printed: PrintedSize) -> str:
    """Why sizes on these data do not compare with printed ones: they are of another size; empty if they are not."""
    found = " and ".join(differences(origin, printed).values())
    what = "of another size" if origin.source == "official" else "a sample"
    return f"the data are {what}: {found}" if found else ""


def describe(dataset: str, origin: Origin, printed: PrintedSize) -> str:
    """A sentence for captions: what stands for the printed dataset here."""
    users = f"{origin.users:,} users"
    paper = "" if printed.users is None else f" (the paper: {printed.users:,.0f})"
    if origin.source == "synthetic":
        return (
            f"SYNTHETIC DATA: for {dataset} stands a made-up world of {users}{paper}; its numbers say nothing about "
            "real data."
        )
    if origin.source == PLANTED:
        return f"{dataset}: a made-up world of {users}, whose answer is known."
    if origin.source == "own":
        return f"{dataset}: own data, {users}."
    differ = differences(origin, printed)
    mirror = "mirror sample" if differ else "mirror of the official files"
    sizes = {"users": f"{users}{paper}"} | differ
    return f"{dataset}: {'official files' if origin.source == 'official' else mirror}, {', '.join(sizes.values())}."
