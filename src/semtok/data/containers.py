"""Blocks of whole lines out of gzip and zip files; a damaged container is an error, never a short file."""

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from semtok.errors import DataError

BLOCK_BYTES = 1 << 24


@dataclass(frozen=True)
class Block:
    """Consecutive lines of a file: `text` ends with a newline, `first_line` is 1-based."""

    text: bytes
    first_line: int
    n_lines: int

    def lines(self) -> list[bytes]:
        """The lines without their ends (LF or CRLF)."""
        lines = self.text.split(b"\n")[:-1]
        return [line.removesuffix(b"\r") for line in lines] if b"\r" in self.text else lines


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


@contextmanager
def _readable(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: damaged or truncated {what} ({error}); fetch it again") from error


def gzip_blocks(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Lines of a gzip file. DataError if it is missing, truncated or damaged."""
    with _readable(path, "gzip file"), gzip.open(path, "rb") as stream:
        yield from _blocks(stream, block_bytes)


def zip_blocks(path: Path, member: str, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Lines of a member of a zip file. DataError if it is missing, truncated or damaged."""
    with _readable(path, "zip file"), zipfile.ZipFile(path) as archive, archive.open(member) as stream:
        yield from _blocks(stream, block_bytes)


def check_whole(path: Path) -> None:
    """Read a `.gz` or `.zip` file to its end. DataError if it is truncated or damaged; other files pass."""
    if path.suffix == ".gz":
        with _readable(path, "gzip file"), gzip.open(path, "rb") as stream:
            while stream.read(BLOCK_BYTES):
                pass
    elif path.suffix == ".zip":
        with _readable(path, "zip file"), zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged:
            raise DataError(f"{path}: damaged zip file (member {damaged} fails its checksum); fetch it again")


def find_member(path: Path, matches: Callable[[str], bool], expected: str) -> str:
    """The one member of a zip file whose base name matches; `expected` describes it in the DataError."""
    with _readable(path, "zip file"), zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
    found = [name for name in names if matches(name.rsplit("/", 1)[-1])]
    if len(found) != 1:
        raise DataError(f"{path}: expected one member {expected}, found {found or 'none'} among {names[:20]}")
    return found[0]


def _blocks(stream: _Stream, block_bytes: int) -> Iterator[Block]:
    rest, line = b"", 1
    while piece := stream.read(block_bytes):
        end = piece.rfind(b"\n") + 1
        if end == 0:
            rest += piece
            continue
        text = rest + piece[:end]
        n_lines = text.count(b"\n")
        yield Block(text, line, n_lines)
        line += n_lines
        rest = piece[end:]
    if rest:
        yield Block(rest + b"\n", line, 1)
