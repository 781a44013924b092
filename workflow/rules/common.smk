"""What the rules share: the checked config, what the stages read, and what is done before and after all jobs."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(workflow.basedir)
SOURCE = ROOT / "src"
# Jobs run the package that lies beside this file, whatever else is installed: its digest is theirs.
sys.path.insert(0, str(SOURCE))
os.environ.update(PYTHONPATH=str(SOURCE))

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.iocontainers import InputFiles, OutputFiles, Wildcards
from snakemake.persistence.file import FilePersistence
from snakemake.settings.enums import Quietness
from snakemake_interface_executor_plugins.settings import ExecMode

from semtok.run.cluster import cancel_jobs
from semtok.run.digest import remember_in
from semtok.errors import ConfigError, SemtokError
from semtok.run.files import check_writable, remove_stale_files
from semtok.run.job_lines import JobLines
from semtok.run.locks import DRIVER_VARIABLE, hold_folder
from semtok.run.summary import summary
from semtok.papers import FIGURES, TABLES
from semtok.plan import targets
from semtok.plan.check import check
from semtok.plan.forecast import Planned, forecast, kind, measured, read
from semtok.plan.forgotten import as_recorded, made_otherwise
from semtok.plan.job_list import job_list
from semtok.plan.paths import Paths, language_model_files
from semtok.plan.stages import Stages, ordered

try:
    CONFIG, DEFINITIONS = check(config, ROOT / "config" / "papers")
except ConfigError as error:
    raise WorkflowError(str(error)) from None

# A job on a cluster outlives its driver, and a local one does not.
if workflow.exec_mode == ExecMode.REMOTE:
    os.environ.pop(DRIVER_VARIABLE, None)

# Parsing the package takes half a second, and every job starts Snakemake anew.
remember_in(Path(".snakemake/digests.json").absolute())

STARTED = datetime.now(UTC).replace(microsecond=0)  # as precise as records are
PATHS = Paths(CONFIG.results)
STAGES = Stages(CONFIG, PATHS, ROOT)
ENTRIES, code = STAGES.entries, STAGES.code
RESULTS, LOGS, BENCHMARKS = PATHS.results, PATHS.logs, PATHS.benchmarks
VECTORS, RUN, PAPER = PATHS.vectors, PATHS.run, PATHS.paper


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


def become_driver():
    """Refuse to run beside another driver of this folder or without a place to write, and clear away what a killed one left half-written."""
    try:
        hold_folder()
        check_writable(RESULTS)
    except SemtokError as error:
        raise WorkflowError(str(error)) from None
    remove_stale_files(RESULTS)


JOB_LINES = JobLines(0, is_told=False)


def tell_ends_of_jobs():
    """Let each job that has ended be told in a line, where there is no terminal for bars."""
    is_quiet = {Quietness.PROGRESS, Quietness.ALL} & set(workflow.output_settings.quiet or ())
    JOB_LINES.is_told = not (sys.stderr.isatty() or is_quiet)
    JOB_LINES.n_jobs = len(list(workflow.dag.needrun_jobs()))
    logger.addHandler(JOB_LINES)


def tell_how_to_repeat_what_failed():
    """Say the command of each failed job alone."""
    settings = workflow.config_settings
    files = [Path(os.path.relpath(file)) for file in settings.configfiles]
    for line in JOB_LINES.repetitions(files, settings.config):
        print(line, file=sys.stderr)


# Trainings wait for vectors, and an encoder of two threads would wait for hours behind a training of one.
PRIORITY_OF_ENCODERS = 10


def per_attempt(amount):
    """Memory or minutes of the first attempt; a second one gets twice as much, a third three times."""
    return lambda wildcards, attempt: amount * attempt


def in_report(page, part, caption, name="{exhibit}"):
    """A page of the report, in a part of its paper's."""
    caption, labels = f"../report/{caption}.rst", {"result": name}
    return report(page, category="{paper}", subcategory=part, caption=caption, labels=labels)


def tell_what_was_done():
    """Say how many jobs ran, how long, and which were the largest."""
    if told := summary(Path(PATHS.records), STARTED):
        print(told, file=sys.stderr)


def cancel_left_behind():
    """After an error or Ctrl-C: no Slurm job of this folder runs on without a driver."""
    if workflow.executor_plugin.name == "slurm":
        for job in cancel_jobs(Path.cwd()):
            print(f"Slurm job {job} was left behind and is cancelled", file=sys.stderr)


def before_the_dag(*checks):
    """Run `checks` when Snakemake knows what is asked for and has not looked at any file; it has no hook of its own there."""
    execute, create_report = workflow.execute, workflow.create_report

    def reported(**kwargs):
        # It shows whatever lies there.
        check_targets()
        return create_report(**kwargs)

    def checked(executor_plugin, **kwargs):
        for check in checks:
            check()
        # A limit on submissions is for clusters. Here every look at it starts a timer that ends in another look: after a
        # hundred jobs Snakemake 9 does little else, and cores wait for it.
        if executor_plugin.common_settings.local_exec:
            workflow.scheduling_settings.max_jobs_per_timespan = None
        return execute(executor_plugin=executor_plugin, **kwargs)

    if workflow.exec_mode == ExecMode.DEFAULT:
        workflow.execute, workflow.create_report = checked, reported


def check_targets():
    """Refuse what nothing makes, and what is made of files that are not there.

    Later Snakemake would say so by a traceback, or be content with a file that lies there.
    """
    problems, needed = [], set()
    for target in workflow.dag_settings.targets or ["all"]:
        path = os.path.relpath(target)
        if os.path.isabs(target):
            problems.append(f"{target}: found an absolute path; expected one from {os.getcwd()}, as {path}")
            continue
        makers = [one for one in workflow.rules if one.name == target or one.is_producer(path)]
        if not makers:
            names = [one.name for one in workflow.rules]
            problems.append(targets.unknown(target, [*EVERYTHING, *STAGES.all_vectors(), *names]))
            continue
        wildcards = {} if makers[0].name == target else makers[0].get_wildcards(path)
        mistakes = [f"{target}: {mistake}" for mistake in targets.mistakes(STAGES, DEFINITIONS, wildcards)]
        problems += mistakes
        needed |= set() if mistakes else targets.datasets(CONFIG, DEFINITIONS, wildcards)
    if not workflow.dag_settings.allowed_rules:
        problems += targets.lacking(CONFIG, needed)
    if problems:
        sys.exit("error: " + "\n       ".join(problems))
    if mixed := targets.otherwise_sourced(STAGES, needed):
        print(f"warning: {mixed}", file=sys.stderr)


def remembered(output):
    """Whether Snakemake has noted how an output was made."""
    memory = SimpleNamespace(_fetch_max_len=lambda folder: 255)
    return os.path.exists(FilePersistence._record_path(memory, ".snakemake/metadata", output))


def params_of(name, wildcards):
    """The params of a job of the rule `name`; None where a name in it is no more."""
    try:
        found = workflow.get_rule(name)
        params, _ = found.expand_params(Wildcards(fromdict=wildcards), InputFiles(), OutputFiles(), None)
    except WorkflowError:
        return None
    return dict(params.items())


def make_again_what_was_made_otherwise():
    """What Snakemake has forgotten and was made under other options counts as changed, as if it had remembered."""
    outputs = set(made_otherwise(PATHS.records, remembered, params_of))
    if not outputs:
        return
    print(
        f"by their records, {len(outputs)} results were made with other options or code and are made again where "
        f"they are asked for: {', '.join(sorted(outputs)[:3])} ...",
        file=sys.stderr,
    )
    # Not as --forcerun, which would also ask for them.
    around_the_dag(before=lambda: workflow.dag.forcefiles.update(outputs))


def around_the_dag(before=None, after=None):
    """Run `before` and `after` when Snakemake works out which jobs are to run; it has no hooks of its own there."""
    build = workflow._build_dag

    def built():
        if before:
            before()
        build()
        if after:
            after()

    workflow._build_dag = built


def tell_what_and_how_long():
    """Say which jobs there are, in a dry run, and what they will take, by those that ran before in this folder or where the config was tried."""
    around_the_dag(after=say_jobs_and_forecast)


def say_jobs_and_forecast():
    if workflow.dryrun:
        order = {one.name: number for number, one in enumerate(workflow.rules)}
        jobs = sorted(workflow.dag.needrun_jobs(), key=lambda job: (order[job.rule.name], str(job.wildcards)))
        for line in job_list((job.rule.name, dict(job.wildcards)) for job in jobs):
            print(line, file=sys.stderr)
    try:
        durations = (read(CONFIG.durations) if CONFIG.durations else {}) | measured(BENCHMARKS)
    except SemtokError as error:
        sys.exit(f"error: {error}")
    jobs = [
        Planned(kind(job.benchmark, BENCHMARKS), as_recorded(dict(job.params.items()))[0])
        for job in workflow.dag.needrun_jobs()
        if job.benchmark
    ]
    told = forecast(jobs, durations, workflow.resource_settings.cores or 1, RESULTS)
    if told:
        print(told, file=sys.stderr)
