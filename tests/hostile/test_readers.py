"""Whatever the bytes of the raw files, they are read or refused with a DataError, and nothing is left behind."""

import gzip
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semtok.config.data import Preparation
from semtok.data import report
from semtok.data.prepare import Outputs, prepare_dataset
from semtok.data.synthetic import write
from semtok.errors import DataError
from support.mutations import FACTOR, changes, mutated
from support.own_tables import own_interactions, own_items, write_table

FILES = {
    "mind": ["MINDsmall_train.zip"],
    "amazon2014": ["reviews_Beauty_5.json.gz", "meta_Beauty.json.gz"],
    "amazon2018": ["Office_Products_5.json.gz", "meta_Office_Products.json.gz"],
    "amazon2023": ["Office_Products.jsonl.gz", "meta_Office_Products.jsonl.gz"],
    "foursquare": ["dataset_tsmc2014.zip"],
    "yelp": ["yelp_academic_dataset_business.json.gz", "yelp_academic_dataset_review.json.gz"],
    "sequences": ["Beauty.inter.json", "Beauty.item.json"],
    "table": ["interactions.csv.gz", "items.jsonl"],
    "parquet": ["interactions.parquet", "items.parquet"],
}
OWN = ("table", "parquet")
"""Tables of one's own, in two forms."""
WORLD = {"users": 10, "items": 20, "mean_length": 3.0, "categories": 2, "seed": 1}
KEEP_ALL = {
    "without_text": "keep",
    "duplicates": "keep",
    "min_user_length": 1,
    "min_item_count": 1,
    "max_user_length": None,
    "last_interactions": None,
}


def options(reader):
    fields = {"foursquare": ["category"], "sequences": ["title"], "yelp": ["name"]}.get(reader, ["category", "title"])
    files = [{"path": name} for name in FILES[reader]]
    if reader in OWN:
        fields = ["title"]
        files = [{**file, "table": {"kind": file["path"].partition(".")[0]}} for file in files]
        reader = "table"
    return {"reader": reader, "files": files, "text_fields": fields, "filters": KEEP_ALL}


@cache
def valid(reader):
    """The bytes of small files as the publisher would write them."""
    with TemporaryDirectory() as folder:
        if reader in OWN:
            for table, name in zip((own_interactions()[:100], own_items()), FILES[reader], strict=True):
                write_table(table, Path(folder), *name.split(".", 1))
        else:
            write({**options(reader), "synthetic": WORLD}, Path(folder))
        return [(Path(folder) / name).read_bytes() for name in FILES[reader]]


def unpacked(content):
    """The texts inside a container, by the member's name; a plain file has one, by the name of its format."""
    if content.startswith((b"{", b"PAR1")):
        return {"json": content}
    if content.startswith(b"\x1f\x8b"):
        return {"": gzip.decompress(content)}
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(texts):
    if "json" in texts:
        return texts["json"]
    if "" in texts:
        return gzip.compress(texts[""], compresslevel=1)
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def read_or_refused(reader, contents, bad_share=report.MAX_BAD_SHARE):
    """Whether the files are read; what is left where they are refused is nothing."""
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "MAX_BAD_SHARE", bad_share)
        folder = Path(name)
        for file, content in zip(FILES[reader], contents, strict=True):
            (folder / file).write_bytes(content)
        outputs = Outputs(*(folder / "out" / part for part in ("i.parquet", "x.parquet", "t.parquet", "s.json")))
        chosen = Preparation.model_validate({**options(reader), "split": {"method": "leave-one-out"}})
        try:
            prepare_dataset(chosen, "mirror", [folder / file for file in FILES[reader]], outputs)
        except DataError:
            assert not list(folder.glob("out/*"))
            return False
        assert len(list(folder.glob("out/*"))) == 4
        return True


readers = pytest.mark.parametrize("reader", sorted(FILES))


@readers
def test_the_files_are_valid_before_they_are_changed(reader):
    assert read_or_refused(reader, valid(reader))


@pytest.mark.parametrize("reader", ["amazon2018", "amazon2023", "yelp"])
@pytest.mark.parametrize("first", [b"null\n", b" null\n", b"\xef\xbb\xbfnull\n", b"null", b"\nnull\n"])
def test_a_null_before_all_rows_is_a_bad_row(reader, first):
    """Arrow's parser ends the process with a segmentation fault there."""
    for which in (0, 1):
        contents = list(valid(reader))
        contents[which] = packed({"": first + unpacked(contents[which])[""]})
        assert not read_or_refused(reader, contents)
        assert read_or_refused(reader, contents, bad_share=0.5)


@readers
@settings(max_examples=40 * FACTOR, deadline=None)
@given(st.data())
def test_changed_text_is_read_or_refused(reader, data):
    contents = list(valid(reader))
    which = data.draw(st.integers(0, len(contents) - 1))
    texts = unpacked(contents[which])
    member = data.draw(st.sampled_from(sorted(texts)))
    texts[member] = mutated(texts[member], data.draw(changes))
    contents[which] = packed(texts)
    # Where half of the rows may be bad, what comes after the rows is tried too.
    read_or_refused(reader, contents, data.draw(st.sampled_from([0.01, 0.5])))


@readers
@settings(max_examples=30 * FACTOR, deadline=None)
@given(st.data())
def test_a_changed_container_is_read_or_refused(reader, data):
    contents = list(valid(reader))
    which = data.draw(st.integers(0, len(contents) - 1))
    contents[which] = mutated(contents[which], data.draw(changes))
    read_or_refused(reader, contents)


@readers
@settings(max_examples=15 * FACTOR, deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_random_bytes_are_refused(reader, content, inside):
    texts = dict.fromkeys(unpacked(valid(reader)[0]), content)
    assert not read_or_refused(reader, [packed(texts) if inside else content, *valid(reader)[1:]])
