"""A working copy of the project with a tiny config, for tests of the workflow."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "workflow", "config", "src", "profiles", "slurm", "envs")

# Every stage and all four methods of Table 2, as small as they go.
TINY = {
    "results": "results",
    "seeds": [0],
    "evaluation": {"bootstrap_samples": 100},
    "datasets": {"mind": {"synthetic": {"users": 60, "items": 60, "mean_length": 18, "categories": 4}}},
    "encoders": {"tfidf": {"dimensions": 16}},
    "tokenizers": {
        "random": {"codebook_size": 8},
        **{
            name: {"codebook_size": 8, "hidden_dims": [16], "latent_dim": 8, "epochs": 2}
            for name in ("rqvae", "cost", "cost+reconstruction")
        },
    },
    "recommenders": {
        "tiger": {
            "max_items": 5,
            "model": {"n_layers": 1, "d_model": 16, "d_ff": 16, "n_heads": 2, "d_kv": 8},
            "training": {"epochs": 1, "validation_every": 1, "validation_users": 20},
            "decoding": {"beam_size": 40, "certify_users": 5},
        },
        **{
            name: {"max_items": 10, "training": {"epochs": 4, "validation_every": 2}}
            for name in ("sasrec", "sasrec-32")
        },
    },
    "papers": {
        "cost": {"tables": ["table1", "table2"], "figures": []},
        "simcit": {"tables": [], "figures": []},
    },
}

# SimCIT's ablations in a city of four modalities.
CITY = TINY | {
    "datasets": {"nyc": {"synthetic": {"users": 40, "items": 60, "mean_length": 24, "categories": 4}}},
    "encoders": {
        "tfidf": {"dimensions": 16},
        "vit-untrained": {"image_size": 32},
        "als": {"factors": 8, "iterations": 2},
        "graphsage": {"hidden_dim": 8, "dimensions": 8, "epochs": 1, "walks_per_node": 1},
    },
    "tokenizers": {
        "rqvae": {"codebook_size": 8, "hidden_dims": [16], "latent_dim": 8, "epochs": 2},
        "letter": {
            **{"n_levels": 2, "codebook_size": 16, "hidden_dims": [16], "epochs": 2},
            **{"clusters": 2, "min_cluster_size": 2, "max_cluster_size": 14},
        },
        **{
            f"simcit{name}": {"codebook_size": 8, "hidden_dims": [16], "latent_dim": 8, "epochs": 2}
            for name in (
                *("", "-no-projection", "-hard-frozen", "-hard-vq", "-no-annealing", "-no-noise", "-released"),
                "-text",
            )
        },
    },
    "papers": {"cost": {"tables": [], "figures": []}, "simcit": {"tables": ["table4"], "figures": []}},
}


@dataclass(frozen=True, order=True)
class Job:
    rule: str
    wildcards: str


@dataclass(frozen=True)
class Project:
    """A working copy of the project."""

    root: Path

    def snakemake(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run snakemake in the copy, with the tiny config."""
        command = [sys.executable, "-m", "snakemake", "--configfile", "tiny.yaml", *arguments]
        done = subprocess.run(
            command,
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=600,
            stdin=subprocess.DEVNULL,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"},
        )
        assert not check or done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done

    def planned(self, *targets: str) -> set[Job]:
        """The jobs of a dry run, under the rerun triggers of the default profile; without targets, of everything."""
        profile = yaml.safe_load((self.root / "profiles/default/config.v9+.yaml").read_text())
        triggers = profile["rerun-triggers"]
        # The default logger, since the profile's does not list the jobs of a dry run.
        done = self.snakemake(
            "--dry-run", "--workflow-profile", "none", "--cores", "1", "--rerun-triggers", *triggers, "--", *targets
        )
        blocks = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)*)", done.stdout + done.stderr, flags=re.MULTILINE)
        jobs = {Job(rule, "".join(re.findall(r"^    wildcards: (.*)$", body, re.MULTILINE))) for rule, body in blocks}
        return {job for job in jobs if job.rule != "all"}

    def edit_config(self, path: str, value: object) -> None:
        """Set one value of the tiny config, by its dotted path."""
        file = self.root / "tiny.yaml"
        content = yaml.safe_load(file.read_text())
        *parents, key = path.split(".")
        node = content
        for parent in parents:
            node = node.setdefault(parent, {})
        node[key] = value
        file.write_text(yaml.safe_dump(content))

    def edit_file(self, name: str, old: str, new: str) -> None:
        """Replace text that stands in a file exactly once."""
        file = self.root / name
        assert file.read_text().count(old) == 1, f"{name}: {old!r} stands there {file.read_text().count(old)} times"
        file.write_text(file.read_text().replace(old, new))


def copy_of_the_project(target: Path, config: dict[str, Any] = TINY) -> Project:
    for part in PARTS:
        source = ROOT / part
        ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=ignore)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / part)
    (target / "tiny.yaml").write_text(yaml.safe_dump(config))
    return Project(target)
