"""What the Snakefile has done before the graph of jobs is built, when the first one starts and after the last one."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from snakemake.exceptions import WorkflowError
from snakemake.iocontainers import InputFiles, OutputFiles, Wildcards
from snakemake.logging import logger
from snakemake.persistence.file import FilePersistence
from snakemake.settings.enums import Quietness
from snakemake_interface_executor_plugins.settings import ExecMode

from semtok.errors import SemtokError
from semtok.plan import targets
from semtok.plan.definition import Definition
from semtok.plan.forecast import PlannedJob, forecast, kind, measured, read_durations
from semtok.plan.forgotten import as_recorded, made_otherwise, pages_from_elsewhere
from semtok.plan.job_list import job_list
from semtok.plan.stages import Stages
from semtok.run.cluster import cancel_jobs
from semtok.run.files import check_writable, remove_stale_files
from semtok.run.job_lines import JobLines
from semtok.run.locks import DRIVER_VARIABLE, hold_folder
from semtok.run.summary import summary


class Driver:
    """The process that starts the jobs.

    Args:
        workflow: Snakemake's, whose attributes are no interface: they are those of the version in `requirements.lock`.
        stages: of the config.
        papers: the definitions of its papers.
    """

    def __init__(self, workflow: Any, stages: Stages, papers: Mapping[str, Definition]) -> None:
        self.workflow, self.stages, self.papers = workflow, stages, papers
        self._everything: Sequence[str] = ()
        self._lines = JobLines(0, is_told=False)
        self._started = datetime.now(UTC).replace(microsecond=0)  # as precise as records are
        # A job on a cluster outlives its driver, and a local one does not.
        if workflow.exec_mode == ExecMode.REMOTE:
            os.environ.pop(DRIVER_VARIABLE, None)

    def prepare(self, everything: Sequence[str], verdicts: Sequence[str]) -> None:
        """Have targets checked, outdated results found and the jobs told, when Snakemake knows what is asked for and
        has not looked at any file; it has no hook of its own there.

        everything: what plain `snakemake` makes.
        verdicts: the claims of each paper, as CSV.
        """
        self._everything = everything
        workflow = self.workflow
        execute, create_report = workflow.execute, workflow.create_report

        def reported(**kwargs: Any) -> Any:
            # It shows whatever lies there.
            self._check_targets()
            # Its first page knows the config and nothing else of a run.
            from semtok.papers.first_page import verdicts as read_verdicts

            workflow.globals["config"]["verdicts"] = read_verdicts(verdicts)
            return create_report(**kwargs)

        def checked(executor_plugin: Any, **kwargs: Any) -> Any:
            self._check_targets()
            outdated = self._made_otherwise()
            self._around_the_dag(outdated)
            # A limit on submissions is for clusters. Here every look at it starts a timer that ends in another look:
            # after a hundred jobs Snakemake 9 does little else, and cores wait for it.
            if executor_plugin.common_settings.local_exec:
                workflow.scheduling_settings.max_jobs_per_timespan = None
            return execute(executor_plugin=executor_plugin, **kwargs)

        if workflow.exec_mode == ExecMode.DEFAULT:
            workflow.execute, workflow.create_report = checked, reported

    def start(self) -> None:
        """Refuse to run beside another driver of this folder or without a place to write, clear away what a killed one
        left half-written, and let each job that ends be told in a line, where there is no terminal for bars."""
        try:
            hold_folder()
            check_writable(self.stages.paths.results)
        except SemtokError as error:
            raise WorkflowError(str(error)) from None
        remove_stale_files(self.stages.paths.results)
        is_quiet = {Quietness.PROGRESS, Quietness.ALL} & set(self.workflow.output_settings.quiet or ())
        self._lines.is_told = not (sys.stderr.isatty() or is_quiet)
        self._lines.n_jobs = len(list(self.workflow.dag.needrun_jobs()))
        logger.addHandler(self._lines)

    def end(self) -> None:
        """Say how many jobs ran, how long, and which were the largest."""
        _tell(summary(Path(self.stages.paths.records), self._started))

    def fail(self) -> None:
        """After an error or Ctrl-C: let no Slurm job of this folder run on, and say how to repeat each failed job."""
        if self.workflow.executor_plugin.name == "slurm":
            for job in cancel_jobs(Path.cwd()):
                _tell(f"Slurm job {job} was left behind and is cancelled")
        settings = self.workflow.config_settings
        files = [Path(os.path.relpath(file)) for file in settings.configfiles]
        for line in self._lines.repetitions(files, settings.config):
            _tell(line)
        self.end()

    def params_of(self, name: str, wildcards: Mapping[str, str]) -> dict[str, Any] | None:
        """The params of a job of the rule `name`; None where a name in it is no more."""
        try:
            found = self.workflow.get_rule(name)
            params, _ = found.expand_params(Wildcards(fromdict=wildcards), InputFiles(), OutputFiles(), None)
        except WorkflowError:
            return None
        return dict(params.items())

    def _check_targets(self) -> None:
        """Refuse what nothing makes, and what is made of files that are not there.

        Later Snakemake would say so by a traceback, or be content with a file that lies there.
        """
        workflow, config = self.workflow, self.stages.config
        problems: list[str] = []
        needed: set[str] = set()
        for target in workflow.dag_settings.targets or [workflow.default_target]:
            path = os.path.relpath(target)
            if os.path.isabs(target):
                problems.append(f"{target}: found an absolute path; expected one from {os.getcwd()}, as {path}")
                continue
            makers = [one for one in workflow.rules if one.name == target or one.is_producer(path)]
            if not makers:
                names = [one.name for one in workflow.rules]
                problems.append(targets.unknown(target, [*self._everything, *self.stages.all_vectors(), *names]))
                continue
            if target == "fetch":
                try:
                    self.stages.archived()
                except SemtokError as error:
                    problems.append(str(error))
                    continue
            wildcards = {} if makers[0].name == target else makers[0].get_wildcards(path)
            mistakes = [f"{target}: {mistake}" for mistake in targets.mistakes(self.stages, self.papers, wildcards)]
            problems += mistakes
            needed |= set() if mistakes else targets.datasets(config, self.papers, wildcards)
        if not workflow.dag_settings.allowed_rules:
            problems += targets.unavailable(config, needed)
        if problems:
            sys.exit("error: " + "\n       ".join(problems))
        if mixed := targets.otherwise_sourced(self.stages, needed):
            _tell(f"warning: {mixed}")

    def _made_otherwise(self) -> set[str]:
        """What Snakemake has forgotten or never known, and was made under other options or elsewhere."""
        outputs = set(made_otherwise(self.stages.paths.records, _is_remembered, self.params_of))
        if outputs:
            _tell(
                f"by their records, {len(outputs)} results were made with other options or code and are made again "
                f"where they are asked for: {', '.join(sorted(outputs)[:3])} ..."
            )
        return outputs | set(pages_from_elsewhere(self.papers, _is_remembered))

    def _around_the_dag(self, outdated: set[str]) -> None:
        """When Snakemake works out which jobs are to run, have it count what is outdated as changed, as if it had
        remembered, and tell the jobs; it has no hooks of its own there."""
        build: Callable[[], None] = self.workflow._build_dag

        def built() -> None:
            # Not as --forcerun, which would also ask for them.
            self.workflow.dag.forcefiles.update(outdated)
            build()
            self._tell_jobs_and_forecast()
            # Not by `onstart`, which Snakemake leaves out where this workflow is a module of another.
            if not self.workflow.dryrun and any(True for _ in self.workflow.dag.needrun_jobs()):
                self.start()

        self.workflow._build_dag = built

    def _tell_jobs_and_forecast(self) -> None:
        """Say which jobs there are, in a dry run, and what they will take, by those that ran before in this folder or
        where the config was tried."""
        workflow, config, benchmarks = self.workflow, self.stages.config, self.stages.paths.benchmarks
        jobs = list(workflow.dag.needrun_jobs())
        if workflow.dryrun:
            order = {one.name: number for number, one in enumerate(workflow.rules)}
            sorted_jobs = sorted(jobs, key=lambda job: (order[job.rule.name], str(job.wildcards)))
            for line in job_list((job.rule.name, dict(job.wildcards)) for job in sorted_jobs):
                _tell(line)
        try:
            known = config.durations
            if known and not os.path.exists(known):  # from where Snakemake works, it is one of the clone
                known = os.path.join(self.stages.root, known)
            durations = (read_durations(known) if known else {}) | measured(benchmarks)
        except SemtokError as error:
            sys.exit(f"error: {error}")
        planned = [
            PlannedJob(
                kind(job.benchmark, benchmarks),
                as_recorded(dict(job.params.items()))[0],
                _limit(job, "runtime"),
                _limit(job, "gpu") or 0,
            )
            for job in jobs
            if job.benchmark
        ]
        cores = workflow.resource_settings.cores or 1
        _tell(forecast(planned, durations, cores, self.stages.paths.results))


def _limit(job: Any, resource: str) -> int | None:
    """What a job asks for, unless it is known only once its inputs are there."""
    limit = job.resources.get(resource)
    return limit if isinstance(limit, int) else None


def _is_remembered(output: str) -> bool:
    """Whether Snakemake has noted how an output was made."""
    memory = SimpleNamespace(_fetch_max_len=lambda folder: 255)
    return os.path.exists(FilePersistence._record_path(memory, ".snakemake/metadata", output))


def _tell(text: str | None) -> None:
    if text:
        print(text, file=sys.stderr)
