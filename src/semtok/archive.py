"""The expensive results of a finished run as one file: vectors, codes, ranks and metrics, without data and weights.

    python -m semtok.archive results/cpu             (or: semtok archive results/cpu)
    snakemake --config archive=FILE -- fetch         (or: semtok fetch FILE)

The second takes them in another clone instead of computing them, where the job that made a file has the same options
and the same code there and read the same bytes. The clone prepares the data itself: whether they are the same is looked
at first. A file lies in the archive once, under the SHA-256 of its bytes; `jobs.json` has the record of every job
(`semtok.run.records`), and the archive its name from it.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from semtok.errors import DataError, SemtokError
from semtok.plan.forgotten import as_recorded
from semtok.run.files import atomic_path, read_json, reading, sha256, write_json, write_text
from semtok.run.records import RECORDS, checksum

JOBS = "jobs.json"
TAKEN = ("encoders", "tokenizers", "recommenders")
"""Folders of the results whose files an archive has."""
TOLD = ("raw", "data", "images", *TAKEN)
"""Folders of the results whose jobs it tells of."""
WEIGHTS = ".safetensors"
LIMIT = 1 << 30
"""Bytes of `jobs.json`, about a hundred thousand jobs."""

Job = dict[str, Any]
ParamsOf = Callable[[str, Mapping[str, str]], Mapping[str, Any] | None]


def write_archive(results: Path, folder: Path) -> Path:
    """Write the archive of a folder of results, given relative to its project, into `folder`; the archive's path.

    Raises:
        SemtokError: no job has left a record, or a file is not the one that its job wrote.
    """
    jobs, files = {}, {}
    for path in sorted((results / RECORDS).rglob("*.json")):
        job = read_json(path)
        for file in (*job["inputs"], *job["outputs"]):
            file["path"] = file["path"].removeprefix(f"{results.as_posix()}/")
        if any(file["path"].split("/")[0] in TOLD for file in job["outputs"]):
            jobs[path.relative_to(results / RECORDS).as_posix()] = job
    for name, digest in (named for job in jobs.values() for named in _kept(job)):
        if (results / name).is_file():
            if sha256(results / name) != digest:
                raise SemtokError(f"{results / name}: its SHA-256 is not that of its job's record; make it again")
            files[digest] = results / name
    if not files:
        raise SemtokError(
            f"{results}: found no vectors, codes or ranks with a job's record; expected those of a run, and to be run "
            "in the project's folder"
        )
    told = json.dumps({"jobs": jobs}, indent=1, sort_keys=True).encode()
    target = folder / f"semtok-{hashlib.sha256(told).hexdigest()[:12]}.zip"
    with atomic_path(target) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        # By ZipInfo, which has no time: the same results give the same bytes.
        archive.writestr(zipfile.ZipInfo(JOBS), told, zipfile.ZIP_DEFLATED)
        for digest, path in sorted(files.items()):
            member = zipfile.ZipInfo(digest)
            member.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(member, "w", force_zip64=True) as written:
                shutil.copyfileobj(source, written)
    return target


def _kept(job: Job) -> Iterator[tuple[str, str]]:
    """Name and SHA-256 of those files of a job that an archive has."""
    for file in job["outputs"]:
        path = Path(file["path"])
        if path.parts[0] in TAKEN and path.suffix and path.suffix != WEIGHTS and not path.parent.suffix:
            yield file["path"], file["sha256"]


def archives(place: Path) -> list[Path]:
    """The archive, or those in a folder.

    Raises:
        DataError: there is none.
    """
    found = sorted(place.glob("semtok-*.zip")) if place.is_dir() else [place]
    if not found or not all(path.is_file() for path in found):
        raise DataError(f"{place}: found no archive; expected a file that `semtok archive` wrote, or a folder of such")
    return found


def jobs_of(archive: Path) -> dict[str, Job]:
    """The records in an archive, by their path below the folder of records.

    Raises:
        DataError: it is none of ours, is damaged, or has names that lead elsewhere.
    """
    with reading(archive), zipfile.ZipFile(archive) as opened:
        if JOBS not in opened.namelist() or opened.getinfo(JOBS).file_size > LIMIT:
            raise DataError(f"{archive}: found no {JOBS} of at most {LIMIT} bytes; expected that of `semtok archive`")
        jobs: dict[str, Job] = json.loads(opened.read(JOBS))["jobs"]
        names = [*jobs, *(file["path"] for job in jobs.values() for file in job["outputs"])]
        if leading := [name for name in names if os.path.isabs(name) or ".." in Path(name).parts]:
            raise DataError(f"{archive}: found {leading[0]!r}; expected only names below the folder of results")
    return jobs


def datasets_of(place: Path) -> list[str]:
    """The datasets that its codes, vectors and ranks are of."""
    jobs = [job for archive in archives(place) for job in jobs_of(archive).values() if any(_kept(job))]
    return sorted({job["wildcards"]["dataset"] for job in jobs})


@dataclass
class Fetched:
    """What came of it."""

    taken: list[str] = field(default_factory=list)
    """Files that were not here."""
    here: int = 0
    """How many were here already, the same to the byte."""
    refused: dict[str, str] = field(default_factory=dict)
    """Jobs whose files were not taken, and why."""

    def __str__(self) -> str:
        refused = [f"\nnot taken: {job}: {reason}" for job, reason in self.refused.items()]
        numbers = f"{len(self.taken)} files taken, {self.here} were here, those of {len(refused)} jobs not taken"
        return numbers + "".join(refused)


def fetch(archive: Path, results: Path, params_of: ParamsOf) -> Fetched:
    """Take of an archive what the jobs of this config and code would make.

    Args:
        archive: the file.
        results: the folder of results here, with the data in it.
        params_of: the params of a job here, by rule and wildcards; None where there is none.

    Raises:
        DataError: the archive is damaged.
    """
    jobs = jobs_of(archive)
    makers = {file["path"]: (name, file["sha256"]) for name, job in jobs.items() for file in job["outputs"]}

    @cache
    def refusal(name: str) -> str | None:
        """Why a job's files are not what this clone would make; None: they are."""
        job = jobs[name]
        params = params_of(job["rule"], job["wildcards"])
        if params is None:
            return "no job of this config"
        options, code = as_recorded(params)
        if options != job["config"]:
            return f"other options, {_difference(job['config'], options)}"
        if code != job["code"]:
            return "other code"
        return next(filter(None, (other(file["path"], file["sha256"]) for file in job["inputs"])), None)

    def other(path: str, digest: str) -> str | None:
        """Why a file that a job read is not the one here; None: it is, or would be."""
        if (results / path).exists():
            return None if checksum(results / path) == digest else f"made from another {results / path} than that here"
        name, made = makers.get(path, ("", ""))
        if made != digest:
            return f"made from {path}, which is not here"
        reason = refusal(name)
        return reason and f"made from {path}: {reason}"

    found, now = Fetched(), time.time()
    with reading(archive), zipfile.ZipFile(archive) as opened:
        members = set(opened.namelist())
        for name, job in jobs.items():
            kept = {path: digest for path, digest in _kept(job) if digest in members}
            absent = {path: digest for path, digest in kept.items() if not (results / path).exists()}
            found.here += len(kept) - len(absent)
            if not absent:
                continue
            if reason := refusal(name):
                found.refused[name.removesuffix(".json")] = reason
                continue
            for path, digest in absent.items():
                _extract(opened, digest, results / path, archive)
                # All of one time: none is older than what it was made from.
                os.utime(results / path, (now, now))
            record = job | {side: _below(results, job[side]) for side in ("inputs", "outputs")}
            write_json(results / RECORDS / name, record)
            found.taken += absent
    return found


def take(place: Path, results: Path, params_of: ParamsOf, log_path: str | Path) -> None:
    """Fetch from an archive, or all in a folder, and say on the screen and in a log what was taken and what was not."""
    told = [f"{archive}: {fetch(archive, results, params_of)}" for archive in archives(place)]
    print(*told, sep="\n", file=sys.stderr)
    write_text(log_path, "\n".join(told) + "\n")


def _extract(opened: zipfile.ZipFile, digest: str, target: Path, archive: Path) -> None:
    with atomic_path(target) as temporary:
        with opened.open(digest) as source, temporary.open("wb") as written:
            shutil.copyfileobj(source, written)
        if (found := sha256(temporary)) != digest:
            raise DataError(f"{archive}: {digest}: found the SHA-256 {found}; expected bytes of that name")


def _below(results: Path, files: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """A record's files with their paths in this project; those outside of one stay as they are."""
    inside = {file["path"]: file["path"].split("/")[0] in TOLD for file in files}
    return [{**file, "path": str(results / file["path"]) if inside[file["path"]] else file["path"]} for file in files]


def _difference(there: Any, here: Any, path: str = "") -> str:
    """The first value in which two slices of a config differ."""
    if isinstance(there, dict) and isinstance(here, dict):
        key = next(key for key in sorted(there.keys() | here.keys()) if there.get(key) != here.get(key))
        return _difference(there.get(key), here.get(key), f"{path}.{key}" if path else key)
    return f"{path}: {here} here, {there} there"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write an archive and print its path."""
    parser = argparse.ArgumentParser(
        prog="python -m semtok.archive", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, help="a folder of results, such as results/cpu")
    parser.add_argument("--into", type=Path, help="the folder that the archive is written to (default: the results)")
    chosen = parser.parse_args(arguments)
    try:
        results = Path(os.path.relpath(chosen.results))  # as records have it
        print(write_archive(results, chosen.into or results))
    except (SemtokError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
