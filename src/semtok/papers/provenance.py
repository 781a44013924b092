"""Where a table comes from: the records of every job behind it, as JSON and as a page of the report.

Nothing here is looked up now that could be another thing than it was then: hardware, versions and commit are those
that each job wrote down when it ran.
"""

import csv
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from semtok.papers.provenance_page import render
from semtok.run.files import read_json, write_json, write_text
from semtok.run.records import RECORDS, Record

BENCHMARKS = Path("results/benchmarks")
"""The benchmark of the job whose record is results/records/X.json is results/benchmarks/X.tsv."""
RESULTS = "results/"

Job = dict[str, Any]


def write_provenance(record: Record, json_path: Path, page: Path | None = None) -> None:
    """Write the provenance of the table that the running job has just made, and a page of it for the report."""
    found = provenance(record.content(json_path, *([page] if page else [])), read_records())
    write_json(json_path, found)
    if page:
        write_text(page, render(found))


def read_records(folder: Path = RECORDS) -> list[Job]:
    """Every record below `folder`, with what Snakemake measured of its job where there is a benchmark file."""
    found = []
    for path in sorted(folder.rglob("*.json")):
        try:
            job: Job = read_json(path)
        except FileNotFoundError:  # of a job that has just begun anew, and so of no ancestor
            continue
        found.append(_measured(job, BENCHMARKS / path.relative_to(folder).with_suffix(".tsv")))
    return found


def provenance(own: Job, records: Iterable[Job]) -> dict[str, Any]:
    """What a table rests on.

    Args:
        own: the record of the job that makes the table.
        records: of all jobs, also of those that have nothing to do with it.
    """
    makers = {file["path"]: job for job in records for file in job["outputs"]}
    jobs = [*sorted(_ancestors(own, makers), key=lambda job: (job["started"], job["rule"], str(job["wildcards"]))), own]
    environments: list[dict[str, Any]] = []
    for job in jobs:
        if job["environment"] not in environments:
            environments.append(job["environment"])
    described = [{**job, "environment": environments.index(job["environment"])} for job in jobs]
    read = {file["path"]: file for job in jobs for file in job["inputs"]}
    unmade = [file for path, file in read.items() if path not in makers]
    return {
        "table": own["outputs"][0]["path"],
        "files": own["outputs"],
        "data": _data(jobs),
        "seeds": sorted({int(job["wildcards"]["seed"]) for job in jobs if "seed" in job["wildcards"]}),
        "commits": list(dict.fromkeys(_commit(environment) for environment in environments)),
        "totals": {
            "jobs": len(jobs),
            "seconds": round(sum(job["seconds"] for job in jobs), 1),
            "peak_memory_mb": max(job["peak_memory_mb"] for job in jobs),
        },
        "warnings": _warnings(jobs, makers, environments),
        "brought": [file for file in unmade if not file["path"].startswith(RESULTS)],
        "without_record": [file for file in unmade if file["path"].startswith(RESULTS)],
        "environments": environments,
        "jobs": described,
    }


def _measured(job: Job, benchmark: Path) -> Job:
    """With Snakemake's measures: its time holds the start of Python too, its memory that of child processes."""
    try:
        with benchmark.open(newline="", encoding="utf-8") as lines:
            row = next(csv.DictReader(lines, delimiter="\t"), {})
    except FileNotFoundError:
        return job
    seconds, memory = _number(row.get("s")), _number(row.get("max_rss"))
    return {
        **job,
        "seconds": job["seconds"] if seconds is None else round(seconds, 2),
        # It looks now and then only, and misses the peak of a short job.
        "peak_memory_mb": max(job["peak_memory_mb"], 0 if memory is None else round(memory * 1024**2 / 1e6)),
    }


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:  # "NA" and "-": not measured
        return None


def _ancestors(own: Job, makers: Mapping[str, Job]) -> list[Job]:
    found: dict[int, Job] = {}
    waiting = deque([own])
    while waiting:
        for file in waiting.popleft()["inputs"]:
            maker = makers.get(file["path"])
            if maker is not None and id(maker) not in found:
                found[id(maker)] = maker
                waiting.append(maker)
    return list(found.values())


def _data(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """The datasets, from the statistics that their preparation wrote: source, raw files with checksums, sizes."""
    paths = {file["path"] for job in jobs for file in [*job["inputs"], *job["outputs"]]}
    found = []
    for path in sorted(path for path in paths if path.startswith("results/data/") and path.endswith("/stats.json")):
        stats = read_json(path)
        prepared = next((job for job in jobs if path in (file["path"] for file in job["outputs"])), None)
        options = prepared["config"]["options"]["files"] if prepared else []
        urls = {Path(file["path"]).name: file["url"] for file in options if stats["source"] == "official"}
        found.append(
            {
                "dataset": path.split("/")[2],
                "source": stats["source"],
                "raw_files": [
                    {"name": file["name"], "sha256": file["sha256"], "url": urls.get(file["name"])}
                    for file in stats["files"]
                ],
                **{key: stats[key] for key in ("users", "items", "interactions")},
            }
        )
    return found


def _commit(environment: Mapping[str, Any]) -> str:
    if environment["commit"] is None:
        return "unknown: not in git"
    return f"{environment['commit']}{', with changes' if environment['modified'] else ''}"


def _warnings(jobs: Sequence[Job], makers: Mapping[str, Job], environments: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a reader must know before trusting the table."""
    found = []
    for job in jobs:
        for file in job["inputs"]:
            made = {output["path"]: output["sha256"] for output in makers.get(file["path"], {"outputs": []})["outputs"]}
            if made.get(file["path"], file["sha256"]) != file["sha256"]:
                found.append(f"{named(job)} read other bytes of {file['path']} than the job that made it last wrote")
    commits = list(dict.fromkeys(_commit(environment) for environment in environments))
    if len(commits) > 1:
        found.append(f"the jobs ran at {len(commits)} states of the code: {'; '.join(commits)}")
    if any(environment["modified"] for environment in environments):
        found.append("some jobs ran code that differs from their commit; the digests of their code tell which")
    return found


def named(job: Mapping[str, Any]) -> str:
    """A job in words: its rule and what it was for."""
    return " ".join([job["rule"], *(str(value) for value in job["wildcards"].values())])
