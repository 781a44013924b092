"""Where a table comes from: the records of every job behind it, as JSON and as a page of the report.

Nothing here is looked up now that could be another thing than it was then: hardware, versions and commit are those
that each job wrote down when it ran.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from semtok.papers.templates import render
from semtok.run.files import read_json, write_json, write_text
from semtok.run.records import BENCHMARKS, RECORDS, Record

DIGITS = 12
"""Of a checksum or commit, on the page; the JSON file has all."""

Job = dict[str, Any]


def write_provenance(record: Record, json_path: Path, page_path: Path | None = None) -> None:
    """Write the provenance of the table that the running job has just made, and a page of it for the report."""
    own = record.content(json_path, *([page_path] if page_path else []))
    found = provenance(own, read_records(record.results), record.results)
    write_json(json_path, found)
    if page_path:
        write_text(page_path, page(found))


def read_records(results: Path) -> list[Job]:
    """Every record in the folder of results, with what Snakemake measured of its job where there is a benchmark."""
    found = []
    for path in sorted((results / RECORDS).rglob("*.json")):
        try:
            job: Job = read_json(path)
        except FileNotFoundError:  # of a job that has just begun anew, and so of no ancestor
            continue
        benchmark = results / BENCHMARKS / path.relative_to(results / RECORDS).with_suffix(".tsv")
        found.append(_measured(job, benchmark) if benchmark.exists() else job)
    return found


def provenance(own: Job, records: Iterable[Job], results: Path) -> dict[str, Any]:
    """What a table rests on.

    Args:
        own: the record of the job that makes the table.
        records: of all jobs, also of those that have nothing to do with it.
        results: the folder of results.
    """
    makers = {file["path"]: job for job in records for file in job["outputs"]}
    jobs = [*sorted(_ancestors(own, makers), key=lambda job: (job["started"], job["rule"], str(job["wildcards"]))), own]
    environments: list[dict[str, Any]] = []
    for job in jobs:
        if job["environment"] not in environments:
            environments.append(job["environment"])
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
        "brought": [file for file in unmade if not Path(file["path"]).is_relative_to(results)],
        "without_record": [file for file in unmade if Path(file["path"]).is_relative_to(results)],
        "environments": environments,
        "jobs": [{**job, "environment": environments.index(job["environment"])} for job in jobs],
    }


def page(found: Mapping[str, Any]) -> str:
    """A table's provenance as a self-contained page: data, sums by rule, environments, files and jobs."""
    machines, numbers = _machines(found["environments"])
    jobs = [{**job, "environment": numbers[job["environment"]]} for job in found["jobs"]]
    return render("provenance.html", **{**found, "jobs": jobs}, machines=machines, digits=DIGITS)


def _measured(job: Job, benchmark: Path) -> Job:
    """With Snakemake's measures: its time holds the start of Python too, its memory that of child processes."""
    with benchmark.open(newline="", encoding="utf-8") as lines:
        row = next(csv.DictReader(lines, delimiter="\t"), {})
    measured: dict[str, float] = {"s": job["seconds"], "max_rss": 0.0}
    measured |= {name: float(row[name]) for name in measured if row.get(name, "-") not in ("-", "NA")}
    return {
        **job,
        "seconds": round(measured["s"], 2),
        # It looks now and then only, and misses the peak of a short job.
        "peak_memory_mb": max(job["peak_memory_mb"], round(measured["max_rss"] * 1024**2 / 1e6)),
    }


def _ancestors(own: Job, makers: Mapping[str, Job]) -> list[Job]:
    found: dict[int, Job] = {}
    waiting = [own]
    while waiting:
        read = [makers[file["path"]] for file in waiting.pop()["inputs"] if file["path"] in makers]
        new = {id(maker): maker for maker in read if id(maker) not in found}
        found |= new
        waiting += new.values()
    return list(found.values())


def _data(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """The datasets, from the statistics that their preparation wrote: source, raw files with checksums, sizes."""
    makers = {file["path"]: job for job in jobs for file in job["outputs"]}
    paths = {*makers, *(file["path"] for job in jobs for file in job["inputs"])}
    found = []
    for path in sorted(path for path in paths if Path(path).name == "stats.json"):
        stats = read_json(path)
        options = makers[path]["config"]["options"]["files"] if path in makers else []
        urls = {Path(file["path"]).name: file["url"] for file in options if stats["source"] == "official"}
        raw_files = [
            {"name": file["name"], "sha256": file["sha256"], "url": urls.get(file["name"])} for file in stats["files"]
        ]
        sizes = {key: stats[key] for key in ("users", "items", "interactions")}
        found.append({"dataset": Path(path).parent.name, "source": stats["source"], "raw_files": raw_files, **sizes})
    return found


def short(commit: str) -> str:
    """A commit as a page has it, with what is said behind it."""
    return re.sub(r"^[0-9a-f]{40}", lambda found: found[0][:DIGITS], commit)


def _commit(environment: Mapping[str, Any]) -> str:
    if environment["commit"] is None:
        return "unknown: not in git"
    return f"{environment['commit']}{', with changes' if environment['modified'] else ''}"


def _warnings(jobs: Sequence[Job], makers: Mapping[str, Job], environments: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a reader must know before trusting the table."""
    written = {path: file["sha256"] for path, job in makers.items() for file in job["outputs"] if file["path"] == path}
    found = []
    for job in jobs:
        name = " ".join([job["rule"], *map(str, job["wildcards"].values())])
        found += [
            f"{name} read other bytes of {file['path']} than the job that made it last wrote"
            for file in job["inputs"]
            if written.get(file["path"], file["sha256"]) != file["sha256"]
        ]
    codes, dtypes = defaultdict(set), defaultdict(set)
    for job in jobs:
        if dtype := job["environment"]["hardware"].get("dtype"):
            dtypes[job["rule"]].add(dtype)
        if job["code"] is not None:
            what = [str(value) for name, value in job["wildcards"].items() if name not in ("dataset", "seed")]
            codes[" ".join([job["rule"], *what])].add(job["code"])
    found += [f"jobs of {what} ran {len(ran)} versions of its code" for what, ran in codes.items() if len(ran) > 1]
    found += [f"jobs of {rule} computed in {' and '.join(sorted(ran))}" for rule, ran in dtypes.items() if len(ran) > 1]
    if any(environment["modified"] for environment in environments):
        found.append("some jobs ran code that differs from their commit; the digests of their code tell which")
    return found


def _machines(environments: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[int]]:
    """Environments of one commit on one machine that no package's version tells apart, as one; of each its number."""
    machines: list[dict[str, Any]] = []
    numbers = []
    for environment in environments:
        hardware, packages = environment["hardware"], environment["packages"]
        changes = " + changes" if environment["modified"] else ""
        named = {
            "commit": (environment["commit"] or "not in git")[:DIGITS] + changes,
            "machine": f"{hardware['processor']}, {hardware['processors']} processors, {hardware['system']}",
            "python": environment["python"],
        }
        alike = (
            number
            for number, machine in enumerate(machines)
            if named.items() <= machine.items()
            and all(machine["packages"].get(name, version) == version for name, version in packages.items())
        )
        number = next(alike, len(machines))
        if number == len(machines):
            machines.append({**named, "devices": {}, "packages": {}})
        machines[number]["packages"] |= packages
        if "device" in hardware:
            machines[number]["devices"][f"{hardware['device']} in {hardware['dtype']}"] = None
        numbers.append(number)
    return machines, numbers
