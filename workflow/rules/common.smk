"""What the rules share: the checked config, what the stages read, and the driver of a run."""

import os
import sys
from pathlib import Path

ROOT = Path(workflow.current_basedir).parent.parent
SOURCE = ROOT / "src"
# Jobs run the package that lies beside this file, whatever else is installed: its digest is theirs.
sys.path.insert(0, str(SOURCE))
os.environ.update(PYTHONPATH=str(SOURCE))

from snakemake.exceptions import WorkflowError

from semtok.driver import Driver
from semtok.errors import ConfigError
from semtok.papers import FIGURES, TABLES
from semtok.plan.check import check
from semtok.plan.paths import Paths, language_model_files
from semtok.plan.stages import Stages, ordered
from semtok.run.digest import remember_in

try:
    CONFIG, DEFINITIONS = check(config, ROOT / "config" / "papers")
except ConfigError as error:
    raise WorkflowError(str(error)) from None

# Parsing the package takes half a second, and every job starts Snakemake anew.
remember_in(Path(".snakemake/digests.json").absolute())

PATHS = Paths(CONFIG.results)
STAGES = Stages(CONFIG, PATHS, ROOT)
ENTRIES, code = STAGES.entries, STAGES.code
RESULTS, LOGS, BENCHMARKS = PATHS.results, PATHS.logs, PATHS.benchmarks
VECTORS, RUN, EXHIBIT, CLAIMS = PATHS.vectors, PATHS.run, PATHS.exhibit, PATHS.claims
DRIVER = Driver(workflow, STAGES, DEFINITIONS)


wildcard_constraints:
    dataset=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    encoder=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    language_model=r"[A-Za-z0-9][A-Za-z0-9_.+-]*",
    tokenizer=r"[A-Za-z0-9][A-Za-z0-9_.+=-]*",
    recommender=r"[A-Za-z0-9][A-Za-z0-9_.+=-]*",
    seed=r"\d+",
    shard=r"[1-9]\d*",
    shards=r"[1-9]\d*",
    paper="|".join(CONFIG.papers) or "none",


# Trainings wait for vectors, and an encoder of two threads would wait for hours behind a training of one.
PRIORITY_OF_ENCODERS = 10


def per_attempt(amount):
    """Memory or minutes of the first attempt; a second one gets twice as much, a third three times."""
    return lambda wildcards, attempt: amount * attempt


def in_report(page, part, caption, name="{exhibit}"):
    """A page of the report, in a part of its paper's."""
    caption, labels = f"../report/{caption}.rst", {"result": name}
    return report(page, category="{paper}", subcategory=part, caption=caption, labels=labels)
