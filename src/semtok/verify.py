"""Whether results are what their provenance says, and whether two sets of results are the same.

    python -m semtok.verify                          the results of this folder, against their provenance
    python -m semtok.verify ro-crate.zip             a crate, against its own description
    python -m semtok.verify ro-crate.zip --against . the tables, codes and ranks of a crate, against those here

Ends with 1 where something was altered or differs.
"""

import argparse
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from semtok.errors import DataError, SemtokError
from semtok.papers.crate import METADATA
from semtok.run.files import sha256

RESULTS = (".csv", ".npy", ".parquet")
"""Endings of tables, codes and ranks: what is the same wherever it is made anew, on a CPU in float32."""
PROVENANCE = ".provenance.json"


@dataclass
class Findings:
    """What was compared: paths that are the same, that are not there, and that differ, with the reason."""

    same: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, path: str, expected: str, found: str | None, what: str) -> None:
        """Compare the checksums of `path`; None where there is no such file."""
        if found is None:
            self.absent.append(path)
        elif found == expected:
            self.same.append(path)
        else:
            self.wrong.append(f"{path}: its SHA-256 is {found}, but {what} {expected}")


def verify_results(root: Path) -> Findings:
    """The results below `root` against every provenance file there; files that were deleted since are absent.

    A table that is not there is wrong: its provenance would be of nothing.
    """
    findings = Findings()
    provenances = sorted(root.glob(f"results/**/*{PROVENANCE}"))
    if not provenances:
        raise DataError(f"{root}: no results/**/*{PROVENANCE}; expected the folder of a project with a table")
    checksums: dict[str, str | None] = {}
    for path in provenances:
        content = _json(path.read_bytes(), str(path))
        for file in _recorded(content):
            name = file["path"]
            if name not in checksums:
                checksums[name] = sha256(root / name) if (root / name).is_file() else None
            _judge(findings, content, file, checksums[name], path.relative_to(root).as_posix())
    return _once(findings)


def verify_crate(crate: Path) -> Findings:
    """A crate against its description: every file that it lists, nothing else, and the tables' provenance."""
    findings = Findings()
    with _opened(crate) as archive:
        listed = {entity["@id"]: entity for entity in _files(archive, crate)}
        members = {name for name in archive.namelist() if not name.endswith("/")}
        checksums = {name: _checksum(archive, name) for name in members & set(listed)}
        for name, entity in listed.items():
            if name not in members:
                findings.wrong.append(f"{name}: listed in {METADATA}, but not in the crate")
            else:
                findings.add(name, entity["sha256"], checksums[name], f"{METADATA} lists")
        findings.wrong += [f"{name}: not listed in {METADATA}" for name in members - {*listed, METADATA}]
        for name in sorted(name for name in checksums if name.endswith(PROVENANCE)):
            content = _json(archive.read(name), name)
            for file in _recorded(content):
                _judge(findings, content, file, checksums.get(file["path"]), name)
    return _once(findings)


def compare(crate: Path, root: Path) -> Findings:
    """Tables, codes and ranks of a crate against those below `root`, made there anew."""
    findings = Findings()
    with _opened(crate) as archive:
        for entity in _files(archive, crate):
            name = entity["@id"]
            if name.startswith("results/") and name.endswith(RESULTS):
                mine = root / name
                findings.add(name, entity["sha256"], sha256(mine) if mine.is_file() else None, "the crate's is")
    return findings


def _recorded(content: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    """What the jobs behind a table wrote, the table itself last; not what they tell of themselves."""
    for job in content["jobs"]:
        # The folder of a synthetic world has no checksum of a file.
        written = [file for file in job["outputs"] if PurePosixPath(file["path"]).suffix]
        yield from (file for file in written if ".provenance." not in file["path"])


def _judge(findings: Findings, content: Mapping[str, Any], file: Mapping[str, str], found: str | None, by: str) -> None:
    if found is None and file["path"] in {own["path"] for own in content["files"]}:
        findings.wrong.append(f"{file['path']}: not there, but {by} tells of it")
    else:
        findings.add(file["path"], file["sha256"], found, f"{by} says")


def _once(findings: Findings) -> Findings:
    """Each finding once, whatever number of tables rests on the file."""
    return Findings(*(sorted(set(found)) for found in (findings.same, findings.absent, findings.wrong)))


def _opened(crate: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(crate)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{crate}: cannot be read as a zip archive: {error}") from None


def _files(archive: zipfile.ZipFile, crate: Path) -> list[dict[str, Any]]:
    """The entities of the files that the crate's root has as its parts."""
    if METADATA not in archive.namelist():
        raise DataError(f"{crate}: found no {METADATA}; expected an RO-Crate")
    graph = _json(archive.read(METADATA), METADATA).get("@graph", [])
    entities = {entity["@id"]: entity for entity in graph}
    parts = [part["@id"] for part in entities.get("./", {}).get("hasPart", [])]
    lacking = [part for part in parts if "sha256" not in entities.get(part, {})]
    if lacking or not parts:
        raise DataError(f"{crate}: {METADATA} lists no checksum of {', '.join(lacking) or 'any file'}")
    return [entities[part] for part in parts]


def _checksum(archive: zipfile.ZipFile, name: str) -> str:
    try:
        with archive.open(name) as member:
            return hashlib.file_digest(member, "sha256").hexdigest()  # type: ignore[arg-type]
    except zipfile.BadZipFile as error:
        raise DataError(f"{name}: damaged in the archive: {error}") from None


def _json(content: bytes, name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise DataError(f"{name}: not JSON: {error}") from None
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found; 1 where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m semtok.verify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("crate", type=Path, nargs="?", help="an RO-Crate of `make share`; none: this folder's results")
    parser.add_argument("--against", type=Path, help="the folder of a project whose results are to be the crate's")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.crate is None:
            findings = verify_results(chosen.against or Path())
        else:
            findings = verify_crate(chosen.crate)
            if chosen.against and not findings.wrong:
                findings = compare(chosen.crate, chosen.against)
    except SemtokError as error:
        sys.exit(f"error: {error}")
    for line in findings.wrong:
        print(f"WRONG  {line}")
    counts = len(findings.same), len(findings.absent), len(findings.wrong)
    print("{} files are as recorded, {} are not there, {} are wrong".format(*counts))
    return 1 if findings.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
