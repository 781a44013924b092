"""Table 2 of a tiny demo on a real Slurm: interrupted, with a job that is too slow, and equal to a local run.

One story and two of the four rows, since a Slurm job costs some eight processor seconds, most of them the start of
Snakemake, which happens twice:
1. `snakemake --profile slurm results/table2.csv` starts and gets a Ctrl-C while a tokenizer is trained;
2. the same command again; now a diagnosis sleeps past its minute and is tried again with more.
Beside it the same config runs locally.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from support.cluster import Cluster, SlurmJob, local_run, one_machine, running, wait_until
from support.project import Project, copy_of_the_project

pytestmark = pytest.mark.slurm

TABLE = "results/table2.csv"
SITE = "account: null\npartition: main\ngpu_partition: gpu\ngpu_type: fake\ntraining_gpus: 1\nsmall_jobs: 1\n"
ROWS = ("rqvae", "cost")
TOO_SLOW = "diagnose mind_rqvae_0"
SLEEP = """\
import time

if snakemake.wildcards.tokenizer == "rqvae" and snakemake.resources.runtime == 1:
    time.sleep(600)
"""


@dataclass(frozen=True)
class Story:
    local: Project
    project: Project
    first_status: int
    second_status: int
    left_behind: list[SlurmJob]
    finished_before: set[str]
    jobs: list[SlurmJob]
    log: str
    screen: str
    """What the second driver said."""
    preflight: tuple[int, str]
    """Exit status of a look at the node before, and what it said."""

    def attempts(self, name: str) -> list[SlurmJob]:
        return [job for job in self.jobs if job.name == name]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("slurm")
    local = copy_of_the_project(folder / "local")
    project = copy_of_the_project(folder / "cluster")
    for one in (local, project):
        one.keep_rows("cost", "table2", ROWS)
    (project.root / "slurm/site.yaml").write_text(SITE)
    project.edit_file("workflow/rules/tokenizers.smk", "runtime=per_attempt(60)", "runtime=per_attempt(1)")
    script = project.root / "workflow/scripts/diagnose.py"
    script.write_text(SLEEP + script.read_text())
    with one_machine() as cluster:
        first = run_and_interrupt(cluster, project)
        left_behind = cluster.active(project)
        finished_before = {job.name for job in cluster.jobs(project) if job.state == "COMPLETED"}
        with running(cluster.driver(project, TABLE)) as driver, running(local_run(local, TABLE)) as reference:
            second = driver.wait(1500)
            assert reference.wait(600) == 0, reference.log.read_text()[-4000:]
            screen = driver.log.read_text()
        jobs = cluster.jobs(project)
        with running(cluster.driver(project, "preflight")) as driver:
            preflight = driver.wait(600), driver.log.read_text()[len(screen) :]
    log = "".join(path.read_text() for path in project.root.glob(".snakemake/log/*.log"))
    return Story(local, project, first, second, left_behind, finished_before, jobs, log, screen, preflight)


def run_and_interrupt(cluster: Cluster, project: Project) -> int:
    """Exit status of a driver that gets a Ctrl-C while a tokenizer is trained; its jobs have some seconds to end."""

    def tokenizing() -> bool:
        assert driver.process.poll() is None, driver.log.read_text()[-4000:]
        return any(job.name.startswith("tokenize ") and job.state == "RUNNING" for job in cluster.jobs(project))

    with running(cluster.driver(project, TABLE)) as driver:
        wait_until(tokenizing, 900, "a tokenizer to run")
        driver.interrupt()
        status = driver.wait(120)
    wait_until(lambda: not cluster.active(project), 120, "the jobs to end")
    return status


def gpu_jobs(story: Story) -> list[SlurmJob]:
    return sorted((job for job in story.jobs if job.tres and job.started), key=lambda job: job.started or job.submitted)


def test_the_table_has_the_bytes_of_a_local_run(story: Story):
    assert story.second_status == 0, story.log[-4000:]
    assert (story.project.root / TABLE).read_bytes() == (story.local.root / TABLE).read_bytes()
    codes = sorted(path.relative_to(story.local.root) for path in Path(story.local.root).glob("results/**/*codes.npy"))
    assert len(codes) == 4
    for path in codes:
        assert (story.project.root / path).read_bytes() == (story.local.root / path).read_bytes(), path


def test_jobs_that_want_the_gpu_queue_on_it(story: Story):
    jobs = gpu_jobs(story)
    assert {job.name.split()[0] for job in jobs} == {"encode_text", "tokenize", "train", "decode"}
    assert {job.tres for job in jobs} == {"gres:gpu:fake:1"}
    pairs = list(pairwise(jobs))
    for one, other in pairs:
        assert one.ended <= other.started, f"{one} and {other} had the one GPU at the same time"
    # The queue was real: some were handed in while another had it.
    assert sum(other.submitted < one.ended for one, other in pairs) >= 2


def test_jobs_go_where_the_site_file_says(story: Story):
    assert {job.partition for job in story.jobs if job.tres} == {"gpu"}
    assert {job.partition for job in story.jobs if not job.tres} == {"main"}


def test_a_job_over_its_time_is_reported_and_gets_more(story: Story):
    tries = [job for job in story.attempts(TOO_SLOW) if job.state != "CANCELLED"]
    assert [(job.state, job.memory, job.time_limit) for job in tries] == [
        ("TIMEOUT", "4000M", "00:01:00"),
        ("COMPLETED", "8000M", "00:02:00"),
    ]
    assert f"SLURM-job '{tries[0].number}' failed, SLURM status is: 'TIMEOUT'" in " ".join(story.screen.split())


def test_ctrl_c_leaves_no_job_behind(story: Story):
    assert story.first_status != 0
    assert story.left_behind == []
    assert "CANCELLED" in {job.state for job in story.jobs}


def test_the_same_command_goes_on_where_it_was(story: Story):
    done = Counter(job.name for job in story.jobs if job.state == "COMPLETED")
    assert {"synthesize mind", "prepare mind"} <= story.finished_before
    assert set(done.values()) == {1}, f"done twice: {done.most_common(3)}"
    rules = Counter(name.partition(" ")[0] for name in done)
    once = ("synthesize", "prepare", "encode_text", "rank_untrained", "ranking_table", "stacked_table")
    twice = ("tokenize", "diagnose", "train", "decode", "evaluate")  # RQ-VAE and CoST
    assert rules == {**dict.fromkeys(once, 1), **dict.fromkeys(twice, 2)}


def test_preflight_tells_of_a_node_without_the_gpu_that_slurm_promises(story: Story):
    status, said = story.preflight
    assert status != 0
    assert "finds no GPU on this node" in " ".join(said.split())
    assert "preflight.log" in "".join(said.split())
