"""Blocks of whole lines out of gzip, zip and plain files; a damaged container is an error, never a short file.

Files come from outside, so nothing is taken on trust: what they unpack to, how long a line is and how large a zip
file's directory is are limited, and no member is ever written to disk.
"""

import gzip
import stat
import struct
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

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
GZIP_MAGIC = b"\x1f\x8b"
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


def _check_size(path: Path, given: int, found: str = "") -> None:
    limit = most_unpacked(path)
    if given > limit:
        raise DataError(
            f"{path}: found {found or f'more than {limit} bytes'} in a file of {path.stat().st_size}; expected at most "
            f"{MAX_RATIO} times its size (a small file: {FREE_BYTES}; any file: {MAX_BYTES})"
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
    return _blocks(_gzip_pieces(path, block_bytes), str(path))


def text_blocks(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Lines of a text file that may be packed by gzip, as its first bytes tell. DataError as `gzip_blocks`."""
    with _readable(path, "file"), path.open("rb") as stream:
        is_gzip = stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    return gzip_blocks(path, block_bytes) if is_gzip else _blocks(_plain_pieces(path, block_bytes), str(path))


def zip_blocks(path: Path, member: str, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Lines of a member of a zip file. DataError if missing, truncated, damaged or a bomb, or if a line is too long."""
    return _blocks(_zip_pieces(path, block_bytes, member), f"{path}:{member}")


def check_whole(path: Path) -> None:
    """Read a `.gz` or `.zip` file to its end. DataError if it is truncated, damaged or a bomb; other files pass."""
    read = {".gz": _gzip_pieces, ".zip": _zip_pieces}.get(path.suffix)
    if read is not None:
        deque(read(path, BLOCK_BYTES), maxlen=0)


def _gzip_pieces(path: Path, size: int) -> Iterator[bytes]:
    given = 0
    with _readable(path, "gzip file"), gzip.open(path, "rb") as stream:
        while piece := stream.read(size):
            given += len(piece)
            _check_size(path, given)
            yield piece


def _plain_pieces(path: Path, size: int) -> Iterator[bytes]:
    with _readable(path, "file"), path.open("rb") as stream:
        while piece := stream.read(size):
            yield piece


def _zip_pieces(path: Path, size: int, member: str | None = None) -> Iterator[bytes]:
    """The bytes of one member, or of all: together they may be a bomb that each of them is not."""
    given = 0
    with _archive(path) as archive:
        for info in (_member(archive, path, name) for name in ([member] if member else _names(archive, path))):
            expected = given + info.file_size
            with archive.open(info) as stream:
                while piece := stream.read(size):
                    given += len(piece)
                    _check_size(path, given)
                    yield piece
            if given != expected:
                found = given - expected + info.file_size
                raise zipfile.BadZipFile(f"member {info.filename!r}: {found} of {info.file_size} bytes")


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
    _check_size(path, info.file_size, f"a member {name!r} of {info.file_size} bytes")
    return info


def _blocks(pieces: Iterable[bytes], name: str) -> Iterator[Block]:
    rest, line = b"", 1
    for piece in pieces:
        first, end = piece.find(b"\n"), piece.rfind(b"\n") + 1
        if len(rest) + (len(piece) if first < 0 else first) > MAX_LINE_BYTES:
            raise DataError(f"{name}: line {line}: found more than {MAX_LINE_BYTES} bytes without an end of line")
        if end:
            block = Block(rest + piece[:end], line, piece.count(b"\n"))
            yield block
            line += block.n_lines
            rest = b""
        rest += piece[end:]
    if rest:
        yield Block(rest + b"\n", line, 1)
