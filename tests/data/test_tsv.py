"""Blocks of tab-separated lines, against Python's own reading of them line by line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semtok.data.containers import Block
from semtok.data.report import FileReport
from semtok.data.tsv import LINE, parse_tsv

PIECES = st.sampled_from(
    [b"a", b"\t", b"\t", b"\r", b"\n", b"\r\n", "é".encode(), "é".encode("latin-1"), b"\x00", b'"']
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=30).map(b"".join), st.sampled_from(["utf-8", "latin-1"]))
def test_a_block_is_read_as_its_lines_are(text, encoding):
    text += b"\n"
    report = FileReport(Path("any"))
    frame = parse_tsv(Block(text, 7, text.count(b"\n")), ["first", "second"], encoding, report)
    rows, bad = [], {"undecodable": 0, "wrong_field_count": 0}
    for number, line in enumerate(text.split(b"\n")[:-1], start=7):
        try:
            fields = line.removesuffix(b"\r").decode(encoding).split("\t")
        except UnicodeDecodeError:
            bad["undecodable"] += 1
            continue
        if len(fields) == 2:
            rows.append((*fields, number))
        else:
            bad["wrong_field_count"] += 1
    assert list(frame[["first", "second", LINE]].itertuples(index=False, name=None)) == rows
    assert {kind: count for kind, count in bad.items() if count} == dict(report.bad)
    assert report.rows == text.count(b"\n")


def test_what_was_wrong_is_shown():
    report = FileReport(Path("any"))
    parse_tsv(Block(b"a\tb\nc\n\xff\tb\n", 1, 3), ["first", "second"], "utf-8", report)
    assert [example.partition(": ")[0] for example in report.examples] == ["line 3", "line 2"]
    assert r"b'\xff\tb'" in report.examples[0]
    assert "1 fields for 2" in report.examples[1]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_windows_line_ends(encoding):
    frame = parse_tsv(Block(b"a\tb\r\nc\td\n", 1, 2), ["first", "second"], encoding, FileReport(Path("any")))
    assert frame["second"].tolist() == ["b", "d"]
