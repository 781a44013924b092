"""Containers that are built to do harm: each is refused with its name, at once and in little memory."""

import gzip
import os
import stat
import struct
import time
import tracemalloc
import zipfile
import zlib

import pytest

from semtok.data import containers
from semtok.data.containers import check_whole, find_member, gzip_blocks, zip_blocks
from semtok.data.markup import plain_text
from semtok.data.report import FileReport
from semtok.errors import DataError
from semtok.run.files import write_text

MEMBER = "MIND/behaviors.tsv"
TEXT = b"some text\n" * 100
SMALL = 4 << 20
"""What a small file may unpack to in these tests."""


@pytest.fixture
def _in_bounds(monkeypatch):
    monkeypatch.setattr(containers, "FREE_BYTES", SMALL)
    tracemalloc.start()
    start = time.process_time()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - start < 20
    assert peak < 120 << 20


def archive(path, members, method=zipfile.ZIP_DEFLATED, **fields):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            for field, value in fields.items():
                setattr(info, field, value)
            file.writestr(info, content)
    return path


def lie(path, **claims):
    """Change what the headers of the only member say, in front of it and in the directory."""
    raw = bytearray(path.read_bytes())
    fields = {"flags": (8, 6, "<H"), "method": (10, 8, "<H"), "crc": (16, 14, "<I"), "size": (24, 22, "<I")}
    for name, value in claims.items():
        in_directory, in_front, form = fields[name]
        struct.pack_into(form, raw, raw.rfind(b"PK\x01\x02") + in_directory, value)
        struct.pack_into(form, raw, raw.find(b"PK\x03\x04") + in_front, value)
    path.write_bytes(raw)
    return path


def drain(path):
    member = find_member(path, lambda name: name == "behaviors.tsv", "behaviors.tsv")
    return sum(len(block.text) for block in zip_blocks(path, member))


@pytest.mark.parametrize(
    "name", ["../behaviors.tsv", "a/../../behaviors.tsv", "/etc/behaviors.tsv", "..\\behaviors.tsv", "C:/behaviors.tsv"]
)
@pytest.mark.parametrize("read", [drain, check_whole])
def test_members_that_climb_out_are_refused(name, read, tmp_path):
    path = archive(tmp_path / "x.zip", {MEMBER: TEXT, name: TEXT})
    with pytest.raises(DataError, match=r"x.zip: found the member '.*'; expected names that stay inside"):
        read(path)
    assert os.listdir(tmp_path) == ["x.zip"]


def test_a_member_that_is_a_link_is_refused(tmp_path):
    path = archive(tmp_path / "x.zip", {MEMBER: b"/etc/passwd"}, external_attr=(stat.S_IFLNK | 0o777) << 16)
    with pytest.raises(DataError, match="symbolic link; expected a file"):
        drain(path)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"flags": 1}, "is encrypted"),
        ({"method": 99}, "is packed by method 99; expected stored or deflated"),
        ({"method": zipfile.ZIP_LZMA}, "is packed by method 14"),
        ({"size": 10}, "damaged or truncated"),
        ({"size": 2000}, "1000 of 2000 bytes"),
        ({"size": 2**32 - 2}, "a member 'MIND/behaviors.tsv' of 4294967294 bytes in a file of"),
        ({"crc": 0}, "damaged or truncated"),
    ],
)
def test_headers_that_lie_are_refused(claims, said, tmp_path):
    path = lie(archive(tmp_path / "x.zip", {MEMBER: TEXT}), **claims)
    for read in (drain, check_whole):
        with pytest.raises(DataError, match=said) as caught:
            read(path)
        assert "x.zip" in str(caught.value)


def test_a_lie_that_hides_a_bomb_gives_no_more_than_it_says(tmp_path):
    claimed = b"0" * 100
    path = lie(archive(tmp_path / "x.zip", {MEMBER: b"0" * (8 << 20)}), size=100, crc=zlib.crc32(claimed))
    assert drain(path) == 101


@pytest.mark.usefixtures("_in_bounds")
def test_a_zip_bomb_is_refused(tmp_path):
    path = archive(tmp_path / "x.zip", {MEMBER: bytes(2 * SMALL)})
    for read in (drain, check_whole):
        with pytest.raises(DataError, match=r"x.zip: found a member .* of 8388608 bytes in a file of \d+; expected at"):
            read(path)


@pytest.mark.usefixtures("_in_bounds")
def test_a_bomb_in_many_members_is_refused(tmp_path):
    path = archive(tmp_path / "x.zip", {f"{i}.tsv": bytes(1 << 20) for i in range(6)})
    with pytest.raises(DataError, match=r"x.zip: found more than 4194304 bytes in a file of"):
        check_whole(path)


def test_a_bomb_in_a_bomb_stays_packed(tmp_path):
    inner = archive(tmp_path / "inner.zip", {MEMBER: bytes(2 * SMALL)})
    outer = archive(tmp_path / "x.zip", {"inner.zip": inner.read_bytes()})
    check_whole(outer)
    with pytest.raises(DataError, match=r"expected one member behaviors.tsv, found none"):
        drain(outer)


@pytest.mark.usefixtures("_in_bounds")
@pytest.mark.parametrize("unit", [bytes(100), b"x" * 99 + b"\n", b"\n" * 100])
def test_a_gzip_bomb_is_refused(unit, tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(unit * 10_000 * 10))
    for read in (check_whole, lambda path: list(gzip_blocks(path))):
        with pytest.raises(
            DataError, match=r"x.gz: found more than 4194304 bytes in a file of \d+; expected at most 100"
        ):
            read(path)


def test_the_limits_grow_with_the_file(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(os.urandom(2 << 20)))
    assert containers.most_unpacked(tmp_path / "x.gz") > 200 << 20
    check_whole(tmp_path / "x.gz")


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "MAX_LINE_BYTES", 1000)
    path = tmp_path / "x.gz"
    for before in (b"", b"a\nb\n"):
        path.write_bytes(gzip.compress(before + b"y" * 1001 + b"\nz\n"))
        for size in (1, 7, 1000):
            with pytest.raises(DataError, match=rf"x.gz: line {before.count(10) + 1}: found more than 1000 bytes"):
                for _ in gzip_blocks(path, size):
                    pass
    path.write_bytes(gzip.compress(b"a\n" + b"y" * 1000 + b"\nz\n"))
    assert sum(block.n_lines for block in gzip_blocks(path, 7)) == 3


def test_a_directory_that_claims_to_be_huge_is_not_read(tmp_path):
    path = archive(tmp_path / "x.zip", {MEMBER: TEXT})
    raw = bytearray(path.read_bytes())
    end = raw.rfind(b"PK\x05\x06")
    raw[0:0] = bytes(20 << 20)  # room for what is claimed
    struct.pack_into("<I", raw, end + (20 << 20) + 12, 18 << 20)
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"x.zip: .*a directory of 18874368 bytes, expected at most 16777216"):
        drain(path)


@pytest.mark.parametrize("read", [drain, lambda path: list(gzip_blocks(path))])
def test_what_is_no_file_is_refused(read, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "circle").symlink_to("circle")
    for name in ("folder", "circle", "nowhere"):
        with pytest.raises(DataError, match=name):
            read(tmp_path / name)


def test_a_file_of_bad_rows_is_not_read_to_its_end(tmp_path):
    report = FileReport(tmp_path / "x.gz", rows=10**9)
    report.add_bad("malformed", range(1, 100_001), [b""] * 100_000)
    with pytest.raises(DataError, match=r"x.gz: 100001 of the first 100001 rows are unusable, expected at most 1%"):
        report.add_bad("malformed", [100_001], [b""])
    report = FileReport(tmp_path / "x.gz", rows=10**9)
    report.add_bad("malformed", range(200_001, 300_003), [b""] * 100_002)


@pytest.mark.parametrize(
    "text", ["<!--" * 50_000, "-->" + "<!-- -" * 50_000, "<a" * 100_000, "<" * 100_000, "&#9" * 50_000]
)
def test_markup_takes_time_in_proportion_to_its_length(text):
    start = time.process_time()
    plain_text(text)
    assert time.process_time() - start < 5


def test_an_output_that_is_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "ours").symlink_to(tmp_path / "theirs")
    write_text(tmp_path / "ours", "ours")
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert not (tmp_path / "ours").is_symlink()
