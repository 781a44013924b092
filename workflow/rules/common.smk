"""What the rules share: the checked config, its slices, code digests and resources."""

import os
import sys
from functools import cache
from pathlib import Path

ROOT = Path(workflow.basedir)
SOURCE = ROOT / "src"
# Jobs run the package that lies beside this file, whatever else is installed: its digest is theirs.
sys.path.insert(0, str(SOURCE))
os.environ.update(PYTHONPATH=str(SOURCE))

from snakemake.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import ExecMode

from semtok.run.cluster import cancel_jobs
from semtok.config.variants import resolve
from semtok.data import READERS, WRITERS
from semtok.run.digest import code_digest, remember_in
from semtok.encoders import GRAPHS
from semtok.errors import ConfigError, SemtokError
from semtok.run.files import check_writable, remove_stale_files, sha256
from semtok.run.locks import DRIVER_VARIABLE, hold_folder
from semtok.papers import FIGURES
from semtok.plan.check import check
from semtok.plan.paths import Paths
from semtok.recommenders import METHODS as RECOMMENDERS
from semtok.tokenizers import METHODS as TOKENIZERS

try:
    CONFIG, DEFINITIONS = check(config, ROOT / "config" / "papers")
except ConfigError as error:
    raise WorkflowError(str(error)) from None

# A job on a cluster outlives its driver, and a local one does not.
if workflow.exec_mode == ExecMode.REMOTE:
    os.environ.pop(DRIVER_VARIABLE, None)

# Plain values, as they reach a job. Sorted keys: a reordered config is the same config.
ENTRIES = CONFIG.model_dump(mode="json")


PATHS = Paths()
RESULTS, RAW, LOGS, BENCHMARKS = PATHS.results, PATHS.raw, PATHS.logs, PATHS.benchmarks
DATA, IMAGES, VECTORS, TOKENIZER, RUN, PAPER = (
    *(PATHS.data, PATHS.images, PATHS.vectors),
    *(PATHS.tokenizer, PATHS.run, PATHS.paper),
)


wildcard_constraints:
    dataset=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    encoder=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    tokenizer=r"[A-Za-z0-9][A-Za-z0-9_.+=-]*",
    recommender=r"[A-Za-z0-9][A-Za-z0-9_.+=-]*",
    seed=r"\d+",
    shard=r"[1-9]\d*",
    shards=r"[1-9]\d*",
    paper=r"[a-z0-9]+",


def become_driver():
    """Refuse to run beside another driver of this folder or without a place to write, and clear away what a killed one left half-written."""
    try:
        hold_folder()
        check_writable(RESULTS)
    except SemtokError as error:
        raise WorkflowError(str(error)) from None
    remove_stale_files(RESULTS)


def ordered(value):
    """The same value with the keys of every mapping sorted, since Snakemake compares params as text."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [ordered(entry) for entry in value]
    return value


@cache
def options(section, variant):
    """The options of an entry or a variant of it; not to be changed, since they are kept."""
    return resolve(ENTRIES[section], variant, section)


def part(section, variant, *keys):
    """Those of an entry's options that one rule reads, so that the others do not rerun it."""
    chosen = options(section, variant)
    return ordered({key: chosen[key] for key in keys})


def apart(section, variant, *keys):
    """An entry's options without those that another rule reads; methods differ in what the rest is."""
    return ordered({key: value for key, value in options(section, variant).items() if key not in keys})


# Parsing the package takes half a second, and every job starts Snakemake anew.
remember_in(Path(".snakemake/digests.json").absolute())


@cache
def code(script, *modules):
    """Digest of what a job runs: its script, and the modules that the script imports by name.

    Cached, since hundreds of jobs run the same: without it this is half of a dry run.
    """
    return code_digest(SOURCE, ROOT / "workflow" / "scripts" / script, *modules)


def source_of(dataset):
    return ENTRIES["datasets"][dataset]["source"] or ENTRIES["source"]


# Resources of every rule, in one place: threads, memory in MB, minutes, GPUs. Memory and minutes are those of the first
# attempt; a second one gets twice as much, a third three times. docs/cluster.md says what was measured.
RESOURCES = {
    "download": (1, 1000, 240, 0),
    "synthesize": (1, 1000, 30, 0),
    "prepare": (1, 8000, 120, 0),
    "fetch_images": (2, 8000, 1440, 0),
    "encode_text": (2, 8000, 240, 1),
    "encode_image": (2, 8000, 480, 1),
    "encode_text_shard": (2, 8000, 240, 1),
    "encode_image_shard": (2, 8000, 480, 1),
    "gather": (1, 4000, 60, 0),
    "encode_collaborative": (2, 4000, 120, 0),
    "spatial_graph": (1, 4000, 60, 0),
    "encode_spatial": (1, 8000, 480, 1),
    "encode_recommender_items": (1, 4000, 30, 0),
    "tokenize": (1, 8000, 240, 1),
    "diagnose": (1, 4000, 60, 0),
    "train": (1, 8000, 2880, 1),
    "decode": (1, 8000, 480, 1),
    "score": (1, 2000, 30, 0),
    "paper": (1, 4000, 60, 0),
}


# Trainings wait for vectors, and an encoder of two threads would wait for hours behind a training of one.
PRIORITY_OF_ENCODERS = 10


def per_attempt(amount):
    """Memory or minutes of the first attempt; a second one gets twice as much, a third three times."""
    return lambda wildcards, attempt: amount * attempt


def threads_of(rule_name):
    return RESOURCES[rule_name][0]


def memory(rule_name):
    return lambda wildcards, attempt: RESOURCES[rule_name][1] * attempt


def minutes(rule_name):
    return lambda wildcards, attempt: RESOURCES[rule_name][2] * attempt


def gpus(rule_name):
    return RESOURCES[rule_name][3]


def cancel_left_behind():
    """After an error or Ctrl-C: no Slurm job of this folder runs on without a driver."""
    if workflow.executor_plugin.name == "slurm":
        for job in cancel_jobs(Path.cwd()):
            print(f"Slurm job {job} was left behind and is cancelled", file=sys.stderr)
