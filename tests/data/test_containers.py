import gzip

from hypothesis import given
from hypothesis import strategies as st

from semtok.data.containers import gzip_blocks, zip_blocks

lines_of_a_file = st.lists(st.binary(max_size=6).filter(lambda line: not set(line) & set(b"\r\n")), max_size=12)


@given(lines_of_a_file, st.integers(1, 12), st.booleans(), st.sampled_from([b"\n", b"\r\n"]))
def test_blocks_hold_every_line_once_with_its_number(tmp_path_factory, lines, block_bytes, ends, newline):
    path = tmp_path_factory.mktemp("blocks") / "x.gz"
    ends = ends or (bool(lines) and lines[-1] == b"")  # An empty last line without its end is no line.
    text = newline.join(lines) + (newline if ends and lines else b"")
    path.write_bytes(gzip.compress(text))
    got = []
    for block in gzip_blocks(path, block_bytes):
        assert block.n_lines == len(block.lines())
        got += zip(range(block.first_line, block.first_line + block.n_lines), block.lines(), strict=True)
    assert got == list(enumerate(lines, start=1))


def test_gzip_files_of_several_members_are_read_to_the_end(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"one\ntw") + gzip.compress(b"o\n"))
    assert [line for block in gzip_blocks(path) for line in block.lines()] == [b"one", b"two"]


def test_members_of_zip_files(make_zip):
    path = make_zip({"a/b.txt": "one\ntwo"})
    blocks = list(zip_blocks(path, "a/b.txt"))
    assert [(block.first_line, line) for block in blocks for line in block.lines()] == [(1, b"one"), (2, b"two")]
