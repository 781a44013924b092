"""A catalogue whose encoder is scattered over jobs: the same vectors, and a lost shard alone is made again."""

import numpy as np
import pytest

from support.project import CITY, Job, Project, copy_of_the_project

VECTORS = "results/encoders/nyc/vit-untrained.npy"
SHARDS = "results/encoders/nyc/vit-untrained.shards"
# Its codes come from the pictures alone.
TOKENIZER = "rq-kmeans+encoder=vit-untrained"
CODES = f"results/tokenizers/nyc/{TOKENIZER}/0/codes.npy"
ENCODER = "dataset=nyc, encoder=vit-untrained"
GATHER = Job("gather", ENCODER)
DOWNSTREAM = {Job("tokenize", f"dataset=nyc, tokenizer={TOKENIZER}, seed=0")}


def shard(number: int, count: int) -> Job:
    return Job("encode_image_shard", f"{ENCODER}, shard={number}, shards={count}")


@pytest.fixture(scope="module")
def scattered(city: Project) -> Project:
    """Sixty pictures in eight batches in two shards."""
    city.edit_config("encoders.vit-untrained.batch_size", 8)
    city.edit_config("tokenizers.rq-kmeans", {"codebook_size": 8})
    city.edit_config("datasets.nyc.shards", 2)
    # Of the data nothing is made again.
    assert city.planned(CODES) == {shard(1, 2), shard(2, 2)} | {GATHER} | DOWNSTREAM
    city.snakemake("--cores", "1", "--", VECTORS)
    return city


def test_a_lost_shard_alone_is_made_again(scattered: Project):
    assert scattered.planned(CODES) == DOWNSTREAM
    before = (scattered.root / VECTORS).read_bytes()
    # As after the death of its job: neither the shard nor what is made of it is there.
    for path in (f"{SHARDS}/2-of-2.npy", VECTORS):
        (scattered.root / path).unlink()
    assert scattered.planned(CODES) == {shard(2, 2), GATHER} | DOWNSTREAM
    kept = (scattered.root / SHARDS / "1-of-2.npy").stat().st_mtime_ns
    scattered.snakemake("--cores", "1", "--", VECTORS)
    assert (scattered.root / VECTORS).read_bytes() == before
    assert (scattered.root / SHARDS / "1-of-2.npy").stat().st_mtime_ns == kept


def test_shards_may_be_thrown_away_once_gathered(scattered: Project):
    for path in (scattered.root / SHARDS).iterdir():
        path.rename(path.with_name(f"away-{path.name}"))
    assert scattered.planned(VECTORS) == set()
    for path in (scattered.root / SHARDS).iterdir():
        path.rename(path.with_name(path.name.removeprefix("away-")))


def test_another_number_gives_the_same_vectors_by_other_jobs(scattered: Project):
    before = (scattered.root / VECTORS).read_bytes()
    facts = (scattered.root / VECTORS).with_suffix(".json").read_bytes()
    assert not np.isnan(np.load(scattered.root / VECTORS)).any()
    scattered.edit_config("datasets.nyc.shards", 3)
    assert scattered.planned(VECTORS) == {shard(1, 3), shard(2, 3), shard(3, 3), GATHER}
    scattered.edit_config("datasets.nyc.shards", 1)
    assert scattered.planned(VECTORS) == {Job("encode_image", ENCODER)}
    scattered.snakemake("--cores", "1", "--", VECTORS)
    assert (scattered.root / VECTORS).read_bytes() == before
    assert (scattered.root / VECTORS).with_suffix(".json").read_bytes() == facts


def test_what_learns_from_all_items_stays_one_job(tmp_path):
    project = copy_of_the_project(tmp_path / "project", CITY)
    project.edit_config("datasets.nyc.shards", 3)
    # A tokenizer is made of all views: those of text (TF-IDF), of users and of places are not scattered.
    planned = project.planned("results/tokenizers/nyc/simcit/0/codes.npy")
    rules = {job.rule for job in planned}
    assert {"encode_text", "encode_collaborative", "encode_spatial"} <= rules
    assert "encode_text_shard" not in rules
    assert {job for job in planned if job.rule == "gather"} == {GATHER}  # of pictures
