"""Blocks of whole lines out of gzip and zip files; a damaged container is an error, never a short file.

Files come from outside, so nothing is taken on trust: what they unpack to, how long a line is and how large a zip
file's directory is are limited, and no member is ever written to disk.
"""

import gzip
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from semtok.errors import DataError

BLOCK_BYTES = 1 << 24
MAX_LINE_BYTES = BLOCK_BYTES
"""A longer line is refused, since a line is held in memory as a whole."""
MAX_BYTES = 1 << 40
"""What one file may unpack to, however large it is."""
MAX_RATIO = 100
"""What one file may unpack to in units of its own size; text comes to 20 at most, a bomb of zeros to 1000."""
FREE_BYTES = 1 << 26
"""What a small file may unpack to whatever the ratio."""
METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}
"""How a member of a zip file may be packed; the other methods unpack more at once than is asked for."""
MAX_SHOWN = 20
"""Names of members in a message."""


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


class _Metered:
    """A stream that is refused once it gives more than a file of its size may hold."""

    def __init__(self, stream: _Stream, path: Path, given: int = 0) -> None:
        self.stream, self.path, self.given = stream, path, given
        self.limit = most_unpacked(path)

    def read(self, size: int, /) -> bytes:
        piece = self.stream.read(size)
        self.given += len(piece)
        if self.given > self.limit:
            raise _bomb(self.path, f"more than {self.limit} bytes")
        return piece


class _Directory:
    """A zip file whose directory is not read where it claims to be huge."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def read(self, size: int = -1, /) -> bytes:
        if size > BLOCK_BYTES:
            raise zipfile.BadZipFile(f"a directory of {size} bytes, expected at most {BLOCK_BYTES}")
        return self.stream.read(size)


def most_unpacked(path: Path) -> int:
    """How many bytes a file may unpack to before it is taken for a bomb."""
    return min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * path.stat().st_size))


def _bomb(path: Path, found: str) -> DataError:
    return DataError(
        f"{path}: found {found} in a file of {path.stat().st_size}; expected at most {MAX_RATIO} times its size "
        f"(a small file: {FREE_BYTES}; any file: {MAX_BYTES})"
    )


@contextmanager
def _readable(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, struct.error, ValueError) as error:
        raise DataError(f"{path}: damaged or truncated {what} ({error}); fetch it again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read as a {what} ({error})") from error


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with _readable(path, "zip file"), path.open("rb") as stream:
        yield zipfile.ZipFile(cast(BinaryIO, _Directory(stream)))


def gzip_blocks(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Lines of a gzip file. DataError if it is missing, truncated, damaged, a bomb, or a line is too long."""
    with _readable(path, "gzip file"), gzip.open(path, "rb") as stream:
        yield from _blocks(_Metered(stream, path), block_bytes, str(path))


def zip_blocks(path: Path, member: str, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Lines of a member of a zip file. DataError if missing, truncated, damaged or a bomb, or if a line is too long."""
    with _archive(path) as archive:
        info = _member(archive, path, member)
        with archive.open(info) as stream:
            metered = _Metered(stream, path)
            yield from _blocks(metered, block_bytes, f"{path}:{member}")
        _check_length(path, info, metered.given)


def check_whole(path: Path) -> None:
    """Read a `.gz` or `.zip` file to its end. DataError if it is truncated, damaged or a bomb; other files pass."""
    if path.suffix == ".gz":
        with _readable(path, "gzip file"), gzip.open(path, "rb") as stream:
            metered = _Metered(stream, path)
            while metered.read(BLOCK_BYTES):
                pass
    elif path.suffix == ".zip":
        given = 0
        with _archive(path) as archive:
            for name in _names(archive, path):
                info = _member(archive, path, name)
                with archive.open(info) as stream:
                    # All members together: they may be a bomb that each of them is not.
                    metered = _Metered(stream, path, given)
                    while metered.read(BLOCK_BYTES):
                        pass
                _check_length(path, info, metered.given - given)
                given = metered.given


def find_member(path: Path, matches: Callable[[str], bool], expected: str) -> str:
    """The one member of a zip file whose base name matches; `expected` describes it in the DataError."""
    with _archive(path) as archive:
        names = [name for name in _names(archive, path) if not name.startswith("__MACOSX")]
    found = [name for name in names if matches(name.rsplit("/", 1)[-1])]
    if len(found) != 1:
        raise DataError(
            f"{path}: expected one member {expected}, found {found[:MAX_SHOWN] or 'none'} among {names[:MAX_SHOWN]}"
        )
    return found[0]


def _names(archive: zipfile.ZipFile, path: Path) -> list[str]:
    """The members' names. DataError if one leads out of the archive's folder."""
    names = archive.namelist()
    for name in names:
        if name.startswith(("/", "\\")) or name[1:2] == ":" or ".." in name.replace("\\", "/").split("/"):
            raise DataError(f"{path}: found the member {name!r}; expected names that stay inside the archive")
    return names


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> zipfile.ZipInfo:
    """A member that can be read in bounded memory."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise DataError(f"{path}: no member {name!r}; found {archive.namelist()[:MAX_SHOWN]}") from None
    if stat.S_ISLNK(info.external_attr >> 16):
        raise DataError(f"{path}: member {name!r} is a symbolic link; expected a file")
    if info.flag_bits & 0x1:
        raise DataError(f"{path}: member {name!r} is encrypted; expected a file that needs no password")
    if info.compress_type not in METHODS:
        expected = " or ".join(METHODS.values())
        raise DataError(f"{path}: member {name!r} is packed by method {info.compress_type}; expected {expected}")
    if info.file_size > most_unpacked(path):
        raise _bomb(path, f"a member {name!r} of {info.file_size} bytes")
    return info


def _check_length(path: Path, info: zipfile.ZipInfo, given: int) -> None:
    if given != info.file_size:
        raise DataError(
            f"{path}: damaged or truncated zip file (member {info.filename!r}: {given} of {info.file_size} bytes); "
            "fetch it again"
        )


def _blocks(stream: _Stream, block_bytes: int, name: str) -> Iterator[Block]:
    rest, line = b"", 1
    while piece := stream.read(block_bytes):
        first = piece.find(b"\n")
        if len(rest) + (len(piece) if first < 0 else first) > MAX_LINE_BYTES:
            raise DataError(f"{name}: line {line}: found more than {MAX_LINE_BYTES} bytes without an end of line")
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
