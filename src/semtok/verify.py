"""Whether results are what their provenance says, and whether two sets of results are the same.

    python -m semtok.verify                          the results of this project, against their provenance
    python -m semtok.verify FOLDER                   those of another folder of results
    python -m semtok.verify ro-crate.zip             a crate, against its own description
    python -m semtok.verify ro-crate.zip --against . the tables, codes and ranks of a crate, against those here

Ends with 1 where something was altered or differs.
"""

import argparse
import hashlib
import json
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from semtok.errors import DataError, SemtokError
from semtok.run.files import read_json, reading, sha256

METADATA = "ro-crate-metadata.json"
PROVENANCE = ".provenance.json"
REMADE = (".csv", ".npy", ".parquet")
"""Endings of tables, codes and ranks: what is the same wherever it is made anew, on a CPU in float32."""


class Entry(NamedTuple):
    """A line of a manifest: which bytes a file has, who says so, and whether it must be there."""

    path: str
    sha256: str
    source: str
    is_required: bool


class Findings(NamedTuple):
    """What was compared: paths that are the same, that are not there, and that differ, with the reason."""

    same: set[str]
    absent: set[str]
    wrong: set[str]


def compare(manifest: Iterable[Entry], checksum: Callable[[str], str | None]) -> Findings:
    """Compare files with what a manifest says; `checksum` tells the SHA-256 of a path, None where there is no file."""
    findings = Findings(set(), set(), set())
    checksum = cache(checksum)
    for path, expected, source, is_required in manifest:
        found = checksum(path)
        if found == expected:
            findings.same.add(path)
        elif found is not None:
            findings.wrong.add(f"{path}: its SHA-256 is {found}, but {source} says {expected}")
        elif is_required:
            findings.wrong.add(f"{path}: not there, but {source} tells of it")
        else:
            findings.absent.add(path)
    return findings


def verify_results(root: Path, results: Path = Path("results")) -> Findings:
    """The results of the project `root` against every provenance in its folder `results`.

    Files that were deleted since are absent. A table that is not there is wrong: its provenance would be of nothing.
    """
    provenances = sorted((root / results).rglob(f"*{PROVENANCE}"))
    if not provenances:
        raise DataError(f"{root / results}: found no *{PROVENANCE}; expected the results of a project with a table")
    recorded = [_recorded(read_json(path), str(path.relative_to(root))) for path in provenances]
    return compare((entry for entries in recorded for entry in entries), _on_disk(root))


def verify_crate(crate: Path) -> Findings:
    """A crate against its description: every file that it lists, nothing else, and the tables' provenance."""
    with reading(crate), zipfile.ZipFile(crate) as archive:
        names = set(archive.namelist())
        manifest = _listed(archive, crate)
        unlisted = names - {entry.path for entry in manifest} - {METADATA}

        def checksum(name: str) -> str | None:
            if name not in names:
                return None
            with archive.open(name) as member:
                return hashlib.file_digest(member, "sha256").hexdigest()  # type: ignore[arg-type]

        for name in sorted(name for name in names - unlisted if name.endswith(PROVENANCE)):
            manifest += _recorded(json.loads(archive.read(name)), name)
        findings = compare(manifest, checksum)
    findings.wrong.update(f"{name}: not listed in {METADATA}" for name in unlisted)
    return findings


def compare_with_crate(crate: Path, root: Path) -> Findings:
    """Tables, codes and ranks of a crate against those below `root`, made there anew."""
    with reading(crate), zipfile.ZipFile(crate) as archive:
        listed = _listed(archive, crate)
    remade = [entry for entry in listed if entry.path.endswith(REMADE) and not entry.path.startswith("config/")]
    return compare((Entry(entry.path, entry.sha256, "the crate", False) for entry in remade), _on_disk(root))


def _recorded(provenance: Mapping[str, Any], source: str) -> Iterator[Entry]:
    """What the jobs behind a table wrote, and the table itself; not what they tell of themselves."""
    own = {file["path"] for file in provenance["files"]}
    for file in (file for job in provenance["jobs"] for file in job["outputs"]):
        # The folder of a synthetic world has no checksum of a file.
        if Path(file["path"]).suffix and ".provenance." not in file["path"]:
            yield Entry(file["path"], file["sha256"], source, file["path"] in own)


def _listed(archive: zipfile.ZipFile, crate: Path) -> list[Entry]:
    """The files that the crate's root has as its parts."""
    if METADATA not in archive.namelist():
        raise DataError(f"{crate}: found no {METADATA}; expected an RO-Crate")
    entities = {entity["@id"]: entity for entity in json.loads(archive.read(METADATA))["@graph"]}
    parts = [part["@id"] for part in entities["./"]["hasPart"]]
    if lacking := [part for part in parts if "sha256" not in entities.get(part, {})]:
        raise DataError(f"{crate}: {METADATA} lists no checksum of {', '.join(lacking)}")
    return [Entry(unquote(part), entities[part]["sha256"], METADATA, True) for part in parts]


def _on_disk(root: Path) -> Callable[[str], str | None]:
    return lambda path: sha256(root / path) if (root / path).is_file() else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found; 1 where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m semtok.verify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", type=Path, nargs="?", default=Path("results"), help="a folder of results or a crate")
    parser.add_argument("--against", type=Path, help="the folder of a project whose results are to be the crate's")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.what.suffix != ".zip":
            findings = verify_results(Path(), chosen.what)
        else:
            findings = verify_crate(chosen.what)
            if chosen.against and not findings.wrong:
                findings = compare_with_crate(chosen.what, chosen.against)
    except (SemtokError, OSError) as error:
        sys.exit(f"error: {error}")
    for line in sorted(findings.wrong):
        print(f"WRONG  {line}")
    print("{} files are as recorded, {} are not there, {} are wrong".format(*map(len, findings)))
    return 1 if findings.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
