"""A working copy of the project with a tiny config, for tests of the workflow."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.api import SnakemakeApi
from snakemake.exceptions import WorkflowError
from snakemake.settings.enums import Quietness, RerunTrigger
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    ExecutionSettings,
    OutputSettings,
    ResourceSettings,
)

ROOT = Path(__file__).parents[2]
PATIENCE = 1800.0
"""Seconds for one run of Snakemake: a machine that has much else to do is no failure."""
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
            name: {"codebook_size": 8, "hidden_dims": [16], "latent_dim": 8, "steps": 2}
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
        "store": {"tables": []},
        "worlds": {"tables": []},
    },
}

# A city of four modalities: SimCIT, and LETTER with the vectors of SASRec.
CITY = TINY | {
    "datasets": {"nyc": {"synthetic": {"users": 40, "items": 60, "mean_length": 24, "categories": 4}}},
    "encoders": {
        "tfidf": {"dimensions": 16},
        "vit-untrained": {"image_size": 32},
        "als": {"factors": 8, "iterations": 2},
        "graphsage": {"hidden_dim": 8, "dimensions": 8, "epochs": 1, "walks_per_node": 1},
    },
    "tokenizers": {
        "letter": {
            **{"n_levels": 2, "codebook_size": 16, "hidden_dims": [16], "steps": 2},
            **{"clusters": 2, "min_cluster_size": 2, "max_cluster_size": 14},
        },
        "simcit": {"codebook_size": 8, "hidden_dims": [16], "latent_dim": 8, "steps": 2},
    },
    "papers": {
        "cost": {"tables": [], "figures": []},
        "simcit": {"tables": ["table4"], "figures": []},
        "store": {"tables": []},
        "worlds": {"tables": []},
    },
}
# The tiny config says nothing of the tokenizers of the other rows, which would train at the demo's size.
ROWS_OF_CITY = ("simcit", "letter")


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
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"},
        )
        assert not check or done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done

    def planned(self, *targets: str, **config: str) -> set[Job]:
        """The jobs of a dry run, under the rerun triggers of the default profile; without targets, of everything.

        In this process, since starting Python and importing Snakemake is most of a dry run. `dry_run` is the real one.

        config: what `--config` sets.
        """
        profile = yaml.safe_load((self.root / "profiles/default/config.v9+.yaml").read_text())
        triggers = {RerunTrigger.parse_choice(trigger) for trigger in profile["rerun-triggers"]}
        path, environment = list(sys.path), dict(os.environ)
        try:
            with (
                chdir(self.root),
                redirect_stdout(StringIO()),
                redirect_stderr(StringIO()),
                SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api,
            ):
                workflow = api.workflow(
                    resource_settings=ResourceSettings(cores=1),
                    config_settings=ConfigSettings(config=config, configfiles=[Path("tiny.yaml")]),
                    snakefile=Path("Snakefile"),
                )
                settings = DAGSettings(targets=set(targets), rerun_triggers=triggers, force_incomplete=True)
                dag = workflow.dag(settings)
                dag.execute_workflow(executor="dryrun", execution_settings=ExecutionSettings(lock=False))
                needed = list(workflow._workflow.dag.needrun_jobs(exclude_finished=False))
        finally:
            sys.path[:] = path
            os.environ.clear()
            os.environ.update(environment)
        return {
            Job(job.rule.name, ", ".join(f"{name}={value}" for name, value in job.wildcards_dict.items()))
            for job in needed
            if job.rule.name != "all"
        }

    def refused(self, *targets: str, **config: str) -> str:
        """What a dry run says that is refused, in this process as in `planned`."""
        with pytest.raises((SystemExit, WorkflowError)) as caught:
            self.planned(*targets, **config)
        return str(caught.value)

    def dry_run(self, *targets: str) -> set[Job]:
        """The jobs that `snakemake --dry-run` lists for a user."""
        # The default logger, since the profile's does not list the jobs of a dry run.
        profile = yaml.safe_load((self.root / "profiles/default/config.v9+.yaml").read_text())
        done = self.snakemake(
            *("--dry-run", "--workflow-profile", "none", "--cores", "1"),
            *("--rerun-triggers", *profile["rerun-triggers"], "--", *targets),
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

    def keep_rows(self, paper: str, table: str, tokenizers: Collection[str]) -> None:
        """Leave a table the rows of these tokenizers, and the paper no claims and printed numbers, which name all."""
        definition = self.root / f"config/papers/{paper}.yaml"
        content = yaml.safe_load(definition.read_text())
        rows = content["tables"][table]["rows"]
        content["tables"][table]["rows"] = [row for row in rows if row["tokenizer"] in tokenizers]
        definition.write_text(yaml.safe_dump(content | {"claims": []}, sort_keys=False))
        definition.with_name(f"{paper}-printed.csv").unlink()

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
    if config is CITY:
        Project(target).keep_rows("simcit", "table4", ROWS_OF_CITY)
    return Project(target)
