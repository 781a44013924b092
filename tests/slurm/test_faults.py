"""Table 2 on a real Slurm through kills and faults, to the bytes of an undisturbed local run.

The config is the tiny one, or with SEMTOK_DEMO=1 the demo's. Its output names every disturbance.
"""

import os
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from support.cluster import Cluster, Driver, SlurmJob, local_run, one_machine, running, wait_until
from support.kills import contents
from support.project import TINY, Project, copy_of_the_project

TABLE = "results/table2.csv"
IS_DEMO = os.environ.get("SEMTOK_DEMO") == "1"
PATIENCE = 7200.0 if IS_DEMO else 1800.0
Fault = Callable[[Cluster, Project, Driver], None]


def job_of(cluster: Cluster, project: Project, driver: Driver, rule: str) -> SlurmJob:
    """A running job of `rule`, as soon as its script works."""
    found: list[SlurmJob] = []

    def is_there() -> bool:
        assert driver.process.poll() is None, driver.log.read_text()[-4000:]
        found[:] = [job for job in cluster.jobs(project) if job.state == "RUNNING" and job.name.split()[0] == rule]
        return bool(found) and bool(workers(project))

    wait_until(is_there, PATIENCE, f"a job of {rule}")
    return found[0]


def workers(project: Project) -> list[psutil.Process]:
    """The processes that run scripts of the project's rules, whoever started them."""
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            if len(command) > 1 and ".snakemake/scripts" in command[1] and process.cwd() == str(project.root):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            continue
    return found


def kill_a_worker(cluster: Cluster, project: Project, driver: Driver) -> None:
    """As for lack of memory: its job fails and is submitted again, and the driver resumes."""
    job_of(cluster, project, driver, "tokenize")
    for process in workers(project):
        process.kill()


def lose_the_node(cluster: Cluster, project: Project, driver: Driver) -> None:
    """Slurm gives up the jobs of a node that is down."""
    job_of(cluster, project, driver, "train")
    node = cluster.command("sinfo", "--noheader", "--format=%n").split()[0]
    cluster.command("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    wait_until(lambda: not workers(project), 120, "the node's jobs to end")

    def is_back() -> bool:
        # It may come back by itself, as soon as its daemon reports.
        if "down" not in cluster.command("sinfo", "--noheader", "--format=%T"):
            return True
        cluster.command("scontrol", "update", f"NodeName={node}", "State=RESUME")
        return False

    wait_until(is_back, 120, "the node to be back")


def cancel_a_job(cluster: Cluster, project: Project, driver: Driver) -> None:
    """As an administrator might, behind the driver's back."""
    cluster.command("scancel", str(job_of(cluster, project, driver, "decode").number))


def kill_the_driver(cluster: Cluster, project: Project, driver: Driver) -> None:
    """Its jobs live on, and the next driver starts beside them."""
    job_of(cluster, project, driver, "train")
    driver.process.kill()


def kill_the_driver_and_damage_checkpoints(cluster: Cluster, project: Project, driver: Driver) -> None:
    job_of(cluster, project, driver, "train")
    wait_until(lambda: bool(checkpoints(project)), PATIENCE, "a checkpoint")
    driver.process.kill()
    driver.wait(60)
    for job in cluster.active(project):
        cluster.command("scancel", str(job.number))
    wait_until(lambda: not cluster.active(project), 120, "the jobs to end")
    damaged = checkpoints(project)
    for path in damaged:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    print(f"damaged: {len(damaged)} checkpoints", flush=True)


def interrupt_the_driver(cluster: Cluster, project: Project, driver: Driver) -> None:
    job_of(cluster, project, driver, "decode")
    driver.interrupt()
    assert driver.wait(300) != 0
    assert not cluster.active(project)


def checkpoints(project: Project) -> list[Path]:
    return list(project.root.glob("results/**/checkpoint.pt"))


# In the order in which the rules come that they hit. After the deadly ones the driver has to be started again.
FAULTS: list[Fault] = [
    kill_a_worker,
    kill_the_driver,
    kill_the_driver_and_damage_checkpoints,
    lose_the_node,
    cancel_a_job,
    interrupt_the_driver,
]
DEADLY = {kill_the_driver, kill_the_driver_and_damage_checkpoints, interrupt_the_driver}


@pytest.mark.slow
def test_table_2_through_faults(tmp_path_factory: pytest.TempPathFactory):
    if subprocess.run(["tests/slurm/up.sh", "--check"], capture_output=True, check=False).returncode:
        pytest.skip("needs the programs of Slurm: tests/slurm/up.sh --check")
    folder = tmp_path_factory.mktemp("faults")
    config = {} if IS_DEMO else TINY
    local, project = (copy_of_the_project(folder / name, config) for name in ("local", "cluster"))
    order, drawn = list(FAULTS), random.Random(0)
    with one_machine(SEMTOK_CHECKPOINT_SECONDS="0") as cluster:
        while True:
            with running(cluster.driver(project, TABLE)) as driver:
                while order:
                    fault = order.pop(0)
                    time.sleep(drawn.uniform(0, 3))
                    fault(cluster, project, driver)
                    print(fault.__name__, flush=True)
                    if fault in DEADLY:
                        break
                else:
                    assert driver.wait(PATIENCE) == 0, driver.log.read_text()[-4000:]
                    break
        attempts = [f"{job.name}: {job.state}" for job in cluster.jobs(project) if job.state != "COMPLETED"]
    print("jobs that did not end well:", *attempts, sep="\n  ", flush=True)
    with running(local_run(local, TABLE)) as reference:
        assert reference.wait(PATIENCE) == 0, reference.log.read_text()[-4000:]
    assert (project.root / TABLE).read_bytes() == (local.root / TABLE).read_bytes()
    found, expected = contents(project), contents(local)
    assert found.keys() == expected.keys()
    assert [path for path in found if found[path] != expected[path]] == []
    print(f"{len(found)} files are equal", flush=True)
