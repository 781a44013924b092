"""The calibration on published codes, from a mirror of the published files."""

import json
import re

import numpy as np
import pytest
import yaml

from support.project import ROOT, Project, copy_of_the_project

SEQUENCES = {"0": [4, 11, 2], "1": [2, 4, 30], "10": [11, 30, 4, 2]}
CODES = {"2": [7, 0], "4": [7, 1], "11": [0, 9], "30": [7, 0], "31": [1, 1]}


@pytest.fixture
def project(tmp_path) -> Project:
    mirror = tmp_path / "published"
    mirror.mkdir()
    (mirror / "inter.json").write_text(json.dumps(SEQUENCES))
    for name in ("index_rqvae.json", "index_rqkmeans.json"):
        (mirror / name).write_text(json.dumps(CODES))
    config = yaml.safe_load((ROOT / "config/calibration.yaml").read_text())
    return copy_of_the_project(tmp_path / "project", {**config, "mirror": str(mirror), "results": "results"})


def test_the_table_takes_no_encoder(project):
    jobs = project.planned("results/papers/calibration/table1.csv")
    # Two tables of codes; TIGER on both, and the decoder alone on one.
    runs = [*("tokenize", "diagnose") * 2, *("train", "decode", "evaluate") * 3]
    assert sorted(job.rule for job in jobs) == sorted([*runs, "prepare", "rank_untrained", "ranking_table"])


def test_codes_are_read_from_the_mirror(project):
    codes = "results/tokenizers/beauty-published/published-rqkmeans/0/codes.npy"
    project.snakemake("--cores", "1", "--", codes)
    # Items by their ids as texts: 11, 2, 30, 4.
    assert np.load(project.root / codes).tolist() == [CODES[item] for item in ("11", "2", "30", "4")]


def test_the_example_of_the_docs_goes_from_sequences_to_scores(tmp_path):
    section = (ROOT / "docs/data.md").read_text().split("## Published sequences and codes")[1].split("\n## ")[0]
    (content,) = re.findall(r"```yaml\n(.*?)```", section, flags=re.DOTALL)
    target = re.findall(r"^    snakemake .* -- (.*)$", section, flags=re.MULTILINE)[0]
    config = yaml.safe_load(content)
    (tmp_path / "Beauty.inter.json").write_text(json.dumps(SEQUENCES))
    (tmp_path / "Beauty.index.json").write_text(json.dumps(CODES))
    jobs = copy_of_the_project(tmp_path / "project", {**config, "mirror": str(tmp_path)}).planned(target)
    assert sorted(job.rule for job in jobs) == sorted(["prepare", "tokenize", "train", "decode", "evaluate"])
