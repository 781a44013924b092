"""README's "On your data", as it stands there."""

import re

import pandas as pd
import yaml

from semtok.config.data import Dataset
from semtok.data.prepare import Outputs, prepare
from semtok.data.synthetic import write
from support.project import ROOT, copy_of_the_project

TEXT = (ROOT / "README.md").read_text().split("## On your data")[1].split("\n## ")[0]
WORLD = {"users": 60, "items": 60, "mean_length": 12, "categories": 4, "seed": 1}


def test_a_dataset_of_ones_own(tmp_path):
    (content,) = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)
    (command,) = re.findall(r"^    snakemake (.*)$", TEXT, flags=re.MULTILINE)
    config = yaml.safe_load(content)
    (dataset,) = (Dataset.model_validate(entry) for entry in config["datasets"].values())
    mirror = tmp_path / "raw"
    files = write({**dataset.model_dump(), "synthetic": WORLD}, mirror)

    project = copy_of_the_project(tmp_path / "project")
    (project.root / "mine.yaml").write_text(content.replace("/path/to/raw", str(mirror)))
    options, _, target = command.partition(" -- ")
    dry_run = ("--dry-run", "--workflow-profile", "none", "--cores", "1")
    done = project.snakemake(*options.split(), *dry_run, "--", target)
    assert "rule decode:" in done.stdout + done.stderr

    names = ("items", "interactions", "targets")
    outputs = Outputs(*(tmp_path / f"{name}.parquet" for name in names), tmp_path / "stats.json")
    prepare(dataset, "mirror", files, outputs)
    assert len(pd.read_parquet(outputs.targets)) > 0
