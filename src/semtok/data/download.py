"""Official files by HTTP: resumed when cut, whole or absent, and the same bytes from the first download on."""

import time
from pathlib import Path
from typing import Any

import requests
import urllib3
import yaml
from filelock import FileLock

from semtok.data.containers import check_whole
from semtok.errors import DataError
from semtok.run import files
from semtok.run.progress import progress

CHUNK_BYTES = 1 << 20
MAX_BYTES = 1 << 36
"""What a server may send for one file; the largest official one has a tenth of it."""


def download(
    url: str,
    path: Path,
    lock_file: Path,
    *,
    connect_timeout: float = 10,
    read_timeout: float = 60,
    time_limit: float = 6 * 3600,
    attempts: int = 5,
    pause: float = 2,
    max_bytes: int = MAX_BYTES,
) -> str:
    """Fetch `url` to `path` and return its SHA-256.

    What has come so far lies in `path` + `.part`, from which a later call resumes, if the server still has the same
    file. The checksum is recorded in `lock_file` (YAML, by url) at the first download and enforced from then on.
    Times are in seconds: to connect, between two pieces, in all, and between attempts. Raises DataError if the file
    cannot be had, is not whole, is larger than `max_bytes`, or is not the one recorded.
    """
    if path.exists():
        return check_checksum(path, url, lock_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    deadline = time.monotonic() + time_limit
    for attempt in range(1, attempts + 1):
        try:
            _fetch(url, part, (connect_timeout, read_timeout), deadline, max_bytes)
            break
        except (requests.RequestException, urllib3.exceptions.HTTPError, EOFError) as error:
            if attempt == attempts or time.monotonic() > deadline:
                raise DataError(
                    f"{url}: not whole after {attempt} attempts ({error}); {part} is kept, another call resumes from it"
                ) from error
            time.sleep(pause)
    # Its suffix tells how to test it, so it is tested under a name that ends as the file's.
    tested = path.with_name(f".whole.{path.name}")
    part.replace(tested)
    _validator_file(part).unlink(missing_ok=True)
    try:
        check_whole(tested)
        checksum = check_checksum(tested, url, lock_file)
        tested.replace(path)
    finally:
        tested.unlink(missing_ok=True)
    return checksum


def check_checksum(path: Path, url: str, lock_file: Path) -> str:
    """The SHA-256 of a file that came from `url`: recorded if there is none yet, else compared (DataError)."""
    checksum = files.sha256(path)
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{lock_file}.lock"):
        known = _recorded(lock_file)
        recorded = known.setdefault(url, {"sha256": checksum, "bytes": path.stat().st_size})
        if recorded["sha256"] != checksum:
            raise DataError(
                f"{path}: the file from {url} has changed: its SHA-256 is {checksum}, but {lock_file} records "
                f"{recorded['sha256']}. If the new file is wanted, remove its entry there"
            )
        text = yaml.safe_dump(known, sort_keys=True)
        if not lock_file.exists() or lock_file.read_text() != text:
            files.write_text(lock_file, text)
    return checksum


def _recorded(lock_file: Path) -> dict[str, Any]:
    """The checksums by url. DataError where the file holds anything else."""
    try:
        known = (yaml.safe_load(lock_file.read_text(encoding="utf-8")) if lock_file.exists() else None) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DataError(f"{lock_file}: not YAML that can be used: {error}") from error
    entries = known.values() if isinstance(known, dict) else [known]
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
            raise DataError(f"{lock_file}: found {repr(entry)[:200]}; expected URL: {{bytes: N, sha256: ...}}")
    return dict(known)


def _fetch(url: str, part: Path, timeout: tuple[float, float], deadline: float, max_bytes: int) -> None:
    """Bring `part` to the length that the server announces; requests' and urllib3's errors and EOFError may pass."""
    by_hand = f"fetch the file by hand to {part.with_suffix('')}"
    start = part.stat().st_size if part.exists() else 0
    validator = _validator_file(part).read_text() if start and _validator_file(part).exists() else ""
    # The bytes as they are stored: a .gz file must not be unpacked on the way.
    headers = {"Accept-Encoding": "identity"}
    if validator:
        headers |= {"Range": f"bytes={start}-", "If-Range": validator}
    with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            if response.headers.get("Content-Range") == f"bytes */{start}":
                return
            part.unlink()
            raise EOFError(f"the server has fewer than the {start} bytes that came before; starting again")
        if 400 <= response.status_code < 500:
            raise DataError(f"{url}: the server answers {response.status_code} {response.reason}; {by_hand}")
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            start = 0
        validator = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
        # It is sent back as a header, where other characters would be refused at every later attempt.
        _validator_file(part).write_text(validator if validator.isascii() and validator.isprintable() else "")
        announced = response.headers.get("Content-Length", "")
        total = start + int(announced) if announced.isdecimal() and len(announced) < 20 else None
        bar = progress(part.stem, total=total, initial=start, unit="B", unit_scale=True)
        with part.open("ab" if start else "wb") as handle, bar:
            # A body shorter than announced is an error of urllib3's.
            while max(total or 0, bar.n) <= max_bytes:
                piece = response.raw.read(CHUNK_BYTES, decode_content=False)
                if not piece:
                    return
                handle.write(piece)
                bar.update(len(piece))
                if time.monotonic() > deadline:
                    raise requests.Timeout(f"the time limit is over at {bar.n} of {total} bytes")
    part.unlink()
    raise DataError(f"{url}: found more than {max_bytes} bytes, expected a file of at most so many; {by_hand}")


def _validator_file(part: Path) -> Path:
    """Where the server's name for this version of the file is kept, without which resuming could mix two versions."""
    return part.with_name(f"{part.name}.version")
