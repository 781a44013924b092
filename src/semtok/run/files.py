"""Files that are either whole or absent."""

import errno
import hashlib
import json
import mmap
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from semtok.errors import DataError, SemtokError

if TYPE_CHECKING:
    import pandas as pd


OBSTACLES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "writing there is not permitted",
    errno.EPERM: "writing there is not permitted",
    errno.EFBIG: "it would be larger than a file may be here",
    errno.EIO: "the disk reports an error",
}
"""What keeps a file from being written, in words."""
STALE_AFTER = 3600.0
"""Seconds without a change after which a temporary file has no writer any more."""
PROBE_BYTES = 1 << 20


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, remove it on failure.

    The temporary name keeps the suffix, since some writers choose the format (or append one) by it. Raises SemtokError,
    naming the file, where the disk is full, read-only or the like (`OBSTACLES`).
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    except Exception as error:
        obstacle = _obstacle(error, temporary)
        if obstacle is None:
            raise
        raise SemtokError(f"{path}: cannot be written, {obstacle} ({error})") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _obstacle(error: Exception, temporary: Path) -> str | None:
    """Why a write failed, or None where the fault is not the disk's.

    Writers in C++ and Rust, and numpy's, tell no errno: then the same is tried here once more.
    """
    if isinstance(error, SemtokError):
        return None
    if isinstance(error, OSError) and error.errno is not None:
        return OBSTACLES.get(error.errno)
    try:
        with temporary.open("ab") as handle:
            handle.write(bytes(PROBE_BYTES))
    except OSError as found:
        return OBSTACLES.get(found.errno or 0)
    return None


def check_writable(folder: str | Path) -> None:
    """SemtokError if nothing can be written into the folder, which is made if it is not there."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as handle:
            handle.write(bytes(4096))
    except OSError as error:
        obstacle = OBSTACLES.get(error.errno or 0, "see the error")
        raise SemtokError(f"{Path(folder).absolute()}: cannot be written to, {obstacle} ({error})") from error


def remove_stale_files(folder: str | Path) -> None:
    """Remove the temporary files of writers that were killed: those that nobody has changed for a while.

    Also those of libraries (`.tmpXYZ`) and of downloads that were being tested (`.whole.NAME`).
    """
    for name in (".*tmp*", ".whole.*"):
        for path in Path(folder).rglob(name):
            with suppress(OSError):
                if path.is_file() and time.time() - path.stat().st_mtime > STALE_AFTER:
                    path.unlink()


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Turn what libraries raise at a file that is cut short or damaged into a DataError that names it."""
    try:
        yield
    except (SemtokError, FileNotFoundError, PermissionError, MemoryError):
        raise
    except Exception as error:  # each library has its own kinds, and none names the file
        raise DataError(
            f"{path}: cannot be read ({type(error).__name__}: {error}); if a crash cut it short, delete it, and the "
            "next run makes it again"
        ) from error


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_csv(path: str | Path, frame: "pd.DataFrame") -> None:
    """Write a frame without its index, atomically."""
    with atomic_path(path) as temporary:
        frame.to_csv(temporary, index=False)


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as readable JSON, atomically; NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file; DataError if it is damaged."""
    with reading(path):
        return json.loads(Path(path).read_text(encoding="utf-8"))


def write_array(path: str | Path, array: npt.NDArray[Any]) -> None:
    """Write a `.npy` file, atomically; object arrays (pickles) are refused."""
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.save(handle, array, allow_pickle=False)


def read_array(path: str | Path) -> npt.NDArray[Any]:
    """Memory-map a `.npy` file; pickles are refused, and DataError if it is damaged."""
    with reading(path):
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def read_table(path: str | Path, **options: Any) -> "pd.DataFrame":
    """Read a Parquet file (`options`: pandas' own); DataError if it is damaged."""
    # Jobs that read none must not pay for the import.
    import pandas as pd

    with reading(path):
        return pd.read_parquet(path, **options)


def release_pages(array: npt.NDArray[Any]) -> None:
    """Let go of what has been read of a memory-mapped array, which else counts against a job's memory.

    The system keeps the pages while memory is free. Nothing at all for an array in memory.
    """
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
