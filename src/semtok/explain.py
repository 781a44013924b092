"""Where a result comes from: config, code, data and commit, from the records of its job and of those before it.

python -m semtok.explain results/cpu/table2.csv  a table, figure, verdict, codes, ranks, ...
python -m semtok.explain results/cpu/table2.csv tokenizer=cost seed=0   and in full the jobs of that name
python -m semtok.explain results/cpu/table2.csv "method=L_co (CoST)" k=10   or a row, by the words in its columns
"""

import argparse
import csv
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from semtok.errors import DataError, SemtokError
from semtok.plan.cells import Cell
from semtok.plan.definition import Paper
from semtok.plan.table_specs import RankingTable
from semtok.run.files import read_json, sha256
from semtok.run.records import RECORDS

Job = Mapping[str, Any]

OF_A_TABLE = ("method", "metric", "k")
"""Words that only a table has; beside one of them, the others are its own, too: `dataset` is the printed name."""


def records_around(path: Path) -> list[Job]:
    """The records of the results that a file lies among.

    Raises:
        DataError: none of its folders has records.
    """
    for folder in path.absolute().parents:
        if (folder / RECORDS).is_dir():
            return [read_json(record) for record in sorted((folder / RECORDS).rglob("*.json"))]
    raise DataError(f"{path}: found no {RECORDS}/ in its folder or above; expected a file among results")


def behind(path: str, records: Sequence[Job]) -> list[Job]:
    """The job that wrote a file, then those that its inputs come from, nearest first."""
    makers = {file["path"]: record for record in records for file in record["outputs"]}
    found: list[Job] = []
    waiting = [path]
    while waiting:
        record = makers.get(waiting.pop(0))
        if record is not None and record not in found:
            found.append(record)
            waiting += [file["path"] for file in record["inputs"]]
    return found


def cells_of(path: Path, words: Mapping[str, str]) -> list[dict[str, str]]:
    """The rows of a table that have these words in its columns.

    Raises:
        DataError: it has no such column or row.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    found = [row for row in rows if words.items() <= row.items()]
    if not found:
        known = {name: dict.fromkeys(row.get(name, "") for row in rows) for name in words}
        told = "".join(f"\n  {name}={'|'.join(values) or 'no such column'}" for name, values in known.items())
        raise DataError(f"{path}: found no row with {_words(words)}; expected some of{told}")
    return found


def jobs_of_cell(row: Mapping[str, str], jobs: Sequence[Job]) -> list[Job]:
    """Those of the runs of a table's row; none where it has no runs, or is of a table of another kind."""
    names = {"paper": row.get("paper"), "exhibit": row.get("table")}
    found: list[Job] = []
    for table in (job for job in jobs if job["rule"] == "ranking_table" and job["wildcards"] == names):
        shown = table["config"]["shown"]
        spec = Paper.model_validate(shown["content"]).tables[row["table"]]
        labels = spec.labels if isinstance(spec, RankingTable) else {}
        for cell in map(Cell.from_dict, shown["cells"]):
            if (cell.dataset, labels.get(cell.tokenizer)) == (row["dataset"], row["method"]):
                for run in cell.runs:
                    # Untrained baselines are one job a dataset.
                    own = {"dataset": run.dataset} if run.is_untrained else {**vars(run), "seed": str(run.seed)}
                    rule = "rank_untrained" if run.is_untrained else ""
                    found += [job for job in jobs if job["wildcards"] == own and rule in ("", job["rule"])]
    return found


def explained(path: Path, jobs: Sequence[Job], chosen: Mapping[str, str]) -> Iterator[str]:
    """Lines for a reader: the job itself and, of the `jobs` behind it, those of the `chosen` wildcards or words of a
    table in full with all that is behind these, the others as numbers; and the sources.

    Raises:
        DataError: no job has these wildcards, or no row these words.
    """
    first, *others = jobs
    recorded = {file["path"]: file["sha256"] for file in first["outputs"]}[path.as_posix()]
    yield f"{path}: {'as its job wrote it' if sha256(path) == recorded else 'NOT the bytes that its job wrote'}"
    yield from _in_full(first)
    if others:
        counts = Counter(job["rule"] for job in others)
        yield f"behind it, {len(others)} jobs: " + ", ".join(f"{count} {rule}" for rule, count in counts.items())
    asked = [job for job in others if chosen and chosen.items() <= job["wildcards"].items()]
    if any(word in chosen for word in OF_A_TABLE):
        rows = cells_of(path, chosen)
        yield from map(_cell_in_words, rows)
        asked = [job for row in rows for job in jobs_of_cell(row, jobs)]
    elif chosen and not asked:
        raise DataError(f"{path}: found no job behind it with {_words(chosen)}; expected some of {_names(others)}")
    shown: list[Job] = []
    for job in asked:
        shown += [one for one in behind(job["outputs"][0]["path"], jobs) if one not in shown]
    for job in shown:
        yield from _in_full(job)
    made = {file["path"] for job in jobs for file in job["outputs"]}
    sources = {file["path"]: file["sha256"] for job in jobs for file in job["inputs"] if file["path"] not in made}
    for source, digest in sorted(sources.items()):
        yield f"from outside: {source} (SHA-256 {digest})"
    for commit, modified in sorted({(_commit(job), bool(job["environment"]["modified"])) for job in jobs}):
        yield f"code: commit {commit}{', with files that differ from it' if modified else ''}"


def _names(jobs: Sequence[Job]) -> str:
    """What can be asked for: names of the config, which tables have other words for."""
    values: dict[str, dict[str, None]] = {}
    for job in jobs:
        for name, value in job["wildcards"].items():
            values.setdefault(name, {})[value] = None
    return "".join(f"\n  {name}={'|'.join(sorted(found))}" for name, found in values.items())


def _words(chosen: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in chosen.items())


def _cell_in_words(row: Mapping[str, str]) -> str:
    """What stands in a row, of whatever kind its table is."""
    return "row: " + ", ".join(f"{name} {value}" for name, value in row.items() if value)


def _in_full(job: Job) -> Iterator[str]:
    wildcards = " ".join(f"{name}={value}" for name, value in job["wildcards"].items())
    hardware = job["environment"]["hardware"]
    device = hardware.get("device", hardware["processor"])
    yield f"  {job['rule']} {wildcards}".rstrip()
    yield f"    {job['started']}, {job['seconds']} s, {job['peak_memory_mb']} MB, {device}"
    yield f"    code {job['code']}, commit {_commit(job)}"
    yield f"    read {', '.join(file['path'] for file in job['inputs'][:4])}{' ...' if len(job['inputs']) > 4 else ''}"
    if job["config"]:
        told = yaml.safe_dump(job["config"], sort_keys=True, allow_unicode=True, width=110)
        yield from (f"    {line}" for line in told.splitlines())


def _commit(job: Job) -> str:
    return str(job["environment"]["commit"] or "unknown")[:12]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print it."""
    parser = argparse.ArgumentParser(
        prog="python -m semtok.explain", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="a result, given as from the project's folder")
    parser.add_argument("which", nargs="*", metavar="NAME=VALUE", help="of the jobs behind it, those to show in full")
    chosen = parser.parse_args(arguments)
    if wrong := [one for one in chosen.which if "=" not in one]:
        parser.error(f"found {wrong[0]!r}; expected NAME=VALUE, such as tokenizer=cost")
    try:
        if not chosen.file.is_file():
            raise DataError(f"{chosen.file}: not there; expected a file among results")
        file = Path(os.path.relpath(chosen.file))
        jobs = behind(file.as_posix(), records_around(file))
        if not jobs:
            raise DataError(f"{file}: no record tells of it; expected to be run in the project's folder")
        print("\n".join(explained(file, jobs, dict(one.split("=", 1) for one in chosen.which))))
    except (SemtokError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
