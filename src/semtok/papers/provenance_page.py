"""A table's provenance as a page: data, sums by rule, environments, jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from semtok.papers.rendering import Grid, Text, page

SHOWN = 12
"""Digits of a checksum that a page shows; the JSON file has all."""


def render(provenance: Mapping[str, Any]) -> str:
    """The page, self-contained HTML."""
    places, numbers = _places(provenance["environments"])
    jobs = [{**job, "environment": numbers[job["environment"]]} for job in provenance["jobs"]]
    grids = [_data(provenance), _rules(jobs), _environments(places), _files(provenance), _jobs(jobs)]
    return page(grids, f"Provenance of {provenance['table']}")


def _data(provenance: Mapping[str, Any]) -> Grid:
    rows = [
        [dataset["dataset"], dataset["source"], file["name"], file["sha256"][:SHOWN], file["url"] or ""]
        for dataset in provenance["data"]
        for file in dataset["raw_files"]
    ]
    sources = {dataset["source"] for dataset in provenance["data"]}
    return Grid(
        f"Data of {provenance['table']}",
        [("Dataset",), ("Source",), ("Raw file",), ("SHA-256",), ("Published at",)],
        _texts(rows),
        text_columns=5,
        warning="Synthetic data: made up by this workflow." if "synthetic" in sources else "",
        notes=[
            f"Seeds: {', '.join(map(str, provenance['seeds'])) or 'none'}.",
            *(f"{len(provenance[key])} {words}" for key, words in _LACKING.items() if provenance[key]),
            *(f"{warning[0].upper()}{warning[1:]}." for warning in provenance["warnings"]),
        ],
    )


_LACKING = {
    "without_record": "results were used whose making is not on record (copied here, or made by an earlier version).",
    "brought": "files came from outside the workflow; the JSON file has their checksums.",
}


def _rules(jobs: Sequence[Mapping[str, Any]]) -> Grid:
    jobs = sorted(jobs, key=lambda job: str(job["rule"]))
    rows = [_sums(rule, list(group)) for rule, group in groupby(jobs, key=lambda job: str(job["rule"]))]
    return Grid(
        "Work, by rule",
        [("Rule",), ("Jobs",), ("Seconds, in all",), ("Seconds, longest",), ("Peak memory, MB",)],
        _texts([*rows, _sums("all", jobs)]),
        rules=[len(rows)],
        notes=["Seconds are those of the last start: a training that was cut off resumes from its checkpoint."],
    )


def _sums(rule: str, jobs: Sequence[Mapping[str, Any]]) -> list[str]:
    seconds = [job["seconds"] for job in jobs]
    memory = max(job["peak_memory_mb"] for job in jobs)
    return [rule, str(len(jobs)), f"{sum(seconds):,.1f}", f"{max(seconds):,.1f}", f"{memory:,}"]


@dataclass
class _Place:
    """Environments of one commit on one machine that no package's version tells apart."""

    commit: str
    python: str
    machine: str
    devices: dict[str, None] = field(default_factory=dict)
    """What its jobs computed on, in order of first mention; none where they did without torch."""
    packages: dict[str, str] = field(default_factory=dict)

    def take(self, environment: Mapping[str, Any]) -> bool:
        """Add an environment; False, and nothing is changed, if it is of another place."""
        packages, other = environment["packages"], _Place.empty(environment)
        if (self.commit, self.python, self.machine) != (other.commit, other.python, other.machine):
            return False
        if any(self.packages.get(name, version) != version for name, version in packages.items()):
            return False
        self.packages |= packages
        hardware = environment["hardware"]
        if "device" in hardware:
            self.devices[f"{hardware['device']} in {hardware['dtype']}"] = None
        return True

    @classmethod
    def empty(cls, environment: Mapping[str, Any]) -> "_Place":
        hardware = environment["hardware"]
        commit = (environment["commit"] or "not in git")[:SHOWN] + (" + changes" if environment["modified"] else "")
        machine = f"{hardware['processor']}, {hardware['processors']} processors, {hardware['system']}"
        return cls(commit, environment["python"], machine)


def _places(environments: Sequence[Mapping[str, Any]]) -> tuple[list[_Place], list[int]]:
    """The places, and of each environment the number of its place."""
    places: list[_Place] = []
    numbers = []
    for environment in environments:
        found = next((number for number, place in enumerate(places) if place.take(environment)), len(places))
        if found == len(places):
            places.append(_Place.empty(environment))
            places[-1].take(environment)
        numbers.append(found)
    return places, numbers


def _environments(places: Sequence[_Place]) -> Grid:
    rows = [
        [
            *(str(number), place.commit, place.machine, "; ".join(place.devices) or "without torch", place.python),
            ", ".join(f"{name} {version}" for name, version in sorted(place.packages.items())),
        ]
        for number, place in enumerate(places)
    ]
    columns: list[tuple[str, ...]] = [("No.",), ("Commit",), ("Machine",), ("Computed on",), ("Python",), ("Packages",)]
    return Grid("Environments: where the jobs ran, and with what", columns, _texts(rows), text_columns=6)


def _files(provenance: Mapping[str, Any]) -> Grid:
    rows = [[file["path"], file["sha256"]] for file in provenance["files"]]
    return Grid("Files of the table", [("File",), ("SHA-256",)], _texts(rows), text_columns=2)


def _jobs(jobs: Sequence[Mapping[str, Any]]) -> Grid:
    rows = [
        [
            *(job["rule"], " ".join(map(str, job["wildcards"].values())), job["code"] or "", str(job["environment"])),
            *(job["started"], f"{job['seconds']:,.1f}", f"{job['peak_memory_mb']:,}"),
        ]
        for job in jobs
    ]
    names = ("Rule", "Of", "Code", "Environment", "Started", "Seconds", "Peak memory, MB")
    columns: list[tuple[str, ...]] = [(name,) for name in names]
    notes = ["The options of every job, and the checksums of all that it read and wrote, are in the JSON file."]
    return Grid("Jobs", columns, _texts(rows), text_columns=5, notes=notes)


def _texts(rows: Sequence[Sequence[str]]) -> list[list[Text]]:
    return [[Text(cell) for cell in row] for row in rows]
