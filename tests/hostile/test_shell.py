"""Paths that a shell would run, from the config through Snakemake to a job and back."""

import pytest
import yaml

from semtok.data.synthetic import write
from support.project import ROOT, TINY, copy_of_the_project

EVIL = "a b;$(touch TRAP);`touch TRAP`'\" & #*?|>x"


@pytest.mark.slow
def test_a_mirror_whose_name_is_a_command_is_a_folder(tmp_path):
    project = copy_of_the_project(tmp_path / "project")
    dataset = yaml.safe_load((ROOT / "config/config.yaml").read_text())["datasets"]["mind"]
    dataset["synthetic"] |= TINY["datasets"]["mind"]["synthetic"]
    mirror = project.root / EVIL
    write(dataset, mirror)
    codes = f"{EVIL}/codes;$(touch TRAP).json"
    (project.root / codes).write_text("{}")
    project.edit_config("source", "mirror")
    project.edit_config("mirror", EVIL)
    project.edit_config("tokenizers.mine", {"method": "external", "path": codes, "keys": "raw"})
    project.snakemake("--cores", "1", "results/data/mind/stats.json")
    done = project.snakemake("--cores", "1", "results/tokenizers/mind/mine/0/codes.npy", check=False)
    assert done.returncode == 1
    assert "60 of 60 items are missing" in " ".join((done.stdout + done.stderr).split())
    done = project.snakemake(
        "--cores", "1", "results/tokenizers/mind/random+n_levels=$(touch TRAP)/0/codes.npy", check=False
    )
    assert done.returncode == 1
    assert "No rule to produce" in done.stdout + done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.name == "TRAP"]
