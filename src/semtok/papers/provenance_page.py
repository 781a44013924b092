"""A table's provenance as a page: data, sums by rule, environments, jobs."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from semtok.papers.rendering import Grid, Text, page

SHOWN = 12
"""Digits of a checksum that a page shows; the JSON file has all."""


def render(provenance: Mapping[str, Any]) -> str:
    """The page, self-contained HTML."""
    grids = [_data(provenance), _rules(provenance), _environments(provenance), _files(provenance), _jobs(provenance)]
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


def _rules(provenance: Mapping[str, Any]) -> Grid:
    jobs = sorted(provenance["jobs"], key=lambda job: str(job["rule"]))
    rows = [_sums(rule, list(group)) for rule, group in groupby(jobs, key=lambda job: str(job["rule"]))]
    return Grid(
        "Work, by rule",
        [("Rule",), ("Jobs",), ("Seconds, in all",), ("Seconds, longest",), ("Peak memory, MB",)],
        _texts([*rows, _sums("all", jobs)]),
        rules=[len(rows)],
        notes=["Seconds are those of the last start: a training that was cut off goes on from its checkpoint."],
    )


def _sums(rule: str, jobs: Sequence[Mapping[str, Any]]) -> list[str]:
    seconds = [job["seconds"] for job in jobs]
    memory = max(job["peak_memory_mb"] for job in jobs)
    return [rule, str(len(jobs)), f"{sum(seconds):,.1f}", f"{max(seconds):,.1f}", f"{memory:,}"]


def _environments(provenance: Mapping[str, Any]) -> Grid:
    rows = []
    for number, environment in enumerate(provenance["environments"]):
        hardware = environment["hardware"]
        device = hardware.get("device")
        where = f"{hardware['processor']}, {hardware['threads']} of {hardware['processors']} processors"
        if device not in (None, "cpu"):
            where = f"{device}; {where}"
        if "dtype" in hardware:
            where += f", {hardware['dtype']}"
        commit = (environment["commit"] or "not in git")[:SHOWN] + (" + changes" if environment["modified"] else "")
        packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
        rows.append([str(number), commit, f"{where} ({hardware['system']})", environment["python"], packages])
    columns = [("No.",), ("Commit",), ("Hardware",), ("Python",), ("Packages",)]
    return Grid("Environments: where the jobs ran, and with what", columns, _texts(rows), text_columns=5)


def _files(provenance: Mapping[str, Any]) -> Grid:
    rows = [[file["path"], file["sha256"]] for file in provenance["files"]]
    return Grid("Files of the table", [("File",), ("SHA-256",)], _texts(rows), text_columns=2)


def _jobs(provenance: Mapping[str, Any]) -> Grid:
    rows = [
        [
            *(job["rule"], " ".join(map(str, job["wildcards"].values())), job["code"] or "", str(job["environment"])),
            *(job["started"], f"{job['seconds']:,.1f}", f"{job['peak_memory_mb']:,}"),
        ]
        for job in provenance["jobs"]
    ]
    columns = ["Rule", "Of", "Code", "Environment", "Started", "Seconds", "Peak memory, MB"]
    notes = ["The options of every job, and the checksums of all that it read and wrote, are in the JSON file."]
    return Grid("Jobs", [(name,) for name in columns], _texts(rows), text_columns=5, notes=notes)


def _texts(rows: Sequence[Sequence[str]]) -> list[list[Text]]:
    return [[Text(cell) for cell in row] for row in rows]
