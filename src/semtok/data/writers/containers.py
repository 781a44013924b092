"""Gzip and zip files whose bytes depend on their content only."""

import gzip
import zipfile
from collections.abc import Iterable
from pathlib import Path

from semtok.run.files import atomic_path


def write_gzip(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a gzip file without name and time of writing."""
    with (
        atomic_path(path) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as stream,
    ):
        stream.writelines(f"{line}\n".encode() for line in lines)


def write_zip(path: Path, members: dict[str, str], encoding: str = "utf-8") -> None:
    """Write the members (name to text) of a zip file, with a fixed time."""
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text.encode(encoding), zipfile.ZIP_DEFLATED)
