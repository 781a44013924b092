"""Downloads from a server on this machine that can cut, change, refuse and mislead."""

import gzip
import http.server
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from semtok.data.download import check_checksum, download
from semtok.errors import DataError

# Random, so that gzip does not shrink it: cuts below fall within the data.
CONTENT = gzip.compress(os.urandom(400_000))


@dataclass
class Site:
    """What the server has and does; `requests` is what it was asked."""

    content: bytes = CONTENT
    etag: str | None = '"one"'
    cuts: list[int] = field(default_factory=list)
    """Bytes after which each of the next answers ends early."""
    status: int = 200
    announces: bool = True
    ranges: list[str | None] = field(default_factory=list)
    url: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, site: Site, *args: Any) -> None:
        self.site = site
        super().__init__(*args)

    def do_GET(self) -> None:
        site, asked = self.site, self.headers.get("Range")
        site.ranges.append(asked)
        if site.status != 200:
            self.send_error(site.status)
            return
        start = 0
        if asked and site.etag and self.headers.get("If-Range") == site.etag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(site.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(site.content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = site.content[start:]
        self.send_response(206 if start else 200)
        if site.etag:
            self.send_header("ETag", site.etag)
        if site.announces:
            self.send_header("Content-Length", str(len(body)))
        # What some servers say of a .gz file; it must be stored as it is all the same.
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body[: site.cuts.pop(0)] if site.cuts else body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, site))
    site.url = f"http://127.0.0.1:{server.server_port}/data.json.gz"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def fetch(site: Site, tmp_path: Path):
    def run(name: str = "data.json.gz", **options: Any) -> bytes:
        download(site.url, tmp_path / name, tmp_path / "checksums.yaml", pause=0, **options)
        return (tmp_path / name).read_bytes()

    return run


def test_a_file_comes_as_it_is_stored_and_its_checksum_is_recorded(site, fetch, tmp_path):
    assert fetch() == CONTENT
    recorded = yaml.safe_load((tmp_path / "checksums.yaml").read_text())
    assert recorded[site.url]["bytes"] == len(CONTENT)
    assert len(recorded[site.url]["sha256"]) == 64
    assert {path.name for path in tmp_path.iterdir()} <= {"data.json.gz", "checksums.yaml", "checksums.yaml.lock"}


def test_a_file_that_is_there_is_checked_but_not_fetched_again(site, fetch):
    fetch()
    assert fetch() == CONTENT
    assert len(site.ranges) == 1


def test_cuts_are_resumed_where_they_happened(site, fetch):
    site.cuts = [100_000, 50_000]
    assert fetch() == CONTENT
    assert site.ranges == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_call_resumes(site, fetch, tmp_path):
    site.cuts = [100_000]
    with pytest.raises(DataError, match=r"not whole after 1 attempts .*data.json.gz.part is kept"):
        fetch(attempts=1)
    assert not (tmp_path / "data.json.gz").exists()
    assert fetch() == CONTENT
    assert site.ranges == [None, "bytes=100000-"]


def test_a_part_that_was_whole_is_taken(site, fetch, tmp_path):
    (tmp_path / "data.json.gz.part").write_bytes(CONTENT)
    (tmp_path / "data.json.gz.part.version").write_text('"one"')
    assert fetch() == CONTENT
    assert site.ranges == [f"bytes={len(CONTENT)}-"]


def test_versions_are_never_mixed(site, fetch):
    site.cuts = [100_000]
    with pytest.raises(DataError):
        fetch(attempts=1)
    site.content, site.etag = gzip.compress(os.urandom(400_000)), '"two"'
    assert fetch() == site.content


def test_without_a_version_a_download_starts_again(site, fetch):
    site.etag, site.cuts = None, [100_000]
    assert fetch() == CONTENT
    assert site.ranges == [None, None]


def test_a_cut_is_noticed_even_where_no_length_is_announced(site, fetch, tmp_path):
    site.announces, site.cuts = False, [100_000]
    with pytest.raises(DataError, match="damaged or truncated gzip"):
        fetch()
    assert not (tmp_path / "data.json.gz").exists()
    assert not (tmp_path / "checksums.yaml").exists()


def test_a_damaged_file_is_refused(site, fetch, tmp_path):
    damaged = bytearray(CONTENT)
    damaged[200_000] ^= 0xFF
    site.content = bytes(damaged)
    with pytest.raises(DataError, match="damaged or truncated gzip"):
        fetch()
    assert not (tmp_path / "data.json.gz").exists()


def test_a_changed_file_is_refused_and_both_checksums_are_named(site, fetch, tmp_path):
    fetch()
    recorded = yaml.safe_load((tmp_path / "checksums.yaml").read_text())[site.url]["sha256"]
    (tmp_path / "data.json.gz").unlink()
    site.content = gzip.compress(b"something else")
    with pytest.raises(DataError, match=rf"has changed: its SHA-256 is [0-9a-f]{{64}}, but .* records {recorded}"):
        fetch()
    assert not (tmp_path / "data.json.gz").exists()


def test_a_file_that_changed_on_disk_is_refused(site, fetch, tmp_path):
    fetch()
    (tmp_path / "data.json.gz").write_bytes(b"changed")
    with pytest.raises(DataError, match="has changed"):
        fetch()


def test_the_checksums_of_several_files_stand_side_by_side(tmp_path):
    lock = tmp_path / "config" / "checksums.yaml"
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        check_checksum(tmp_path / name, f"https://example.org/{name}", lock)
    assert sorted(yaml.safe_load(lock.read_text())) == ["https://example.org/a", "https://example.org/b"]


def test_a_refusal_is_final_and_says_what_to_do(site, fetch):
    site.status = 404
    with pytest.raises(DataError, match=r"the server answers 404 .*; fetch the file by hand to .*data.json.gz"):
        fetch()
    assert len(site.ranges) == 1


def test_a_failing_server_is_asked_again(site, fetch):
    site.status = 503
    with pytest.raises(DataError, match="not whole after 3 attempts"):
        fetch(attempts=3)
    assert len(site.ranges) == 3


def test_the_time_limit_ends_a_download(site, fetch):
    with pytest.raises(DataError, match="time limit"):
        fetch(time_limit=0)


def test_a_server_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="not whole after 2 attempts"):
        download("http://127.0.0.1:9/x.gz", tmp_path / "x.gz", tmp_path / "c.yaml", attempts=2, pause=0)
