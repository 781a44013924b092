"""The stages of a config, and the wildcards of a job, without Snakemake."""

from types import SimpleNamespace

from semtok.config.model import Config
from semtok.plan.paths import Paths
from semtok.plan.stages import Stages
from support.project import ROOT


def stages(raw, results="results") -> Stages:
    return Stages(Config.model_validate(raw), Paths(results), ROOT)


def job(**wildcards):
    return SimpleNamespace(**{"dataset": "mind", "seed": "0"} | wildcards)
