"""Several processes that train one model, each on its share of every batch, to the result of one process.

One process is the rule: then there is no process group, and nothing here communicates. With several, which `launch`
starts by torch's elastic launcher, all hold the same weights, go through the same batches, and add up their gradients
before each step of the optimiser.
"""

import logging
import os
import signal
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, distributed, nn

from semtok import errors
from semtok.errors import SemtokError
from semtok.run import devices
from semtok.run.jobs import log_to
from semtok.run.records import add_workers, of_this_process

Result = TypeVar("Result")

PATIENCE = timedelta(days=1)
"""How long a process waits for another that validates. If one has died, the launcher ends the rest within seconds;
torch's own 10 minutes would end a job whose validation takes longer."""
ECHO_SECONDS = 30.0
"""How long the launcher may take to see that another process is gone."""

log = logging.getLogger("semtok")


def launch(
    work: Callable[..., None], arguments: dict[str, Any], granted_gpus: int, threads: int, log_path: str
) -> None:
    """Call `work(**arguments)`, a function of a module, here or in as many processes as GPUs were granted.

    For one process that is a call and nothing else. Several share the threads, and their messages go to the end of
    `log_path`. An error in one of them ends all: a SemtokError is raised here as it was there, and of another its
    traceback is in the log. They end with this process, even if it is killed (on Linux). Each imports the main module
    anew, as those of `multiprocessing` do.
    """
    n_processes = devices.processes(granted_gpus)
    if n_processes == 1:
        work(**arguments)
        return
    # Here, since one process does without.
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    # A line of JSON for every state of every process.
    logging.getLogger("torchelastic-events-null").disabled = True
    with TemporaryDirectory(prefix="semtok-") as folder:
        # On this machine alone, whatever its name, at a free port; a second attempt would be Snakemake's.
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=n_processes,
            max_restarts=0,
            run_id=uuid.uuid4().hex,
            rdzv_backend="c10d",
            rdzv_endpoint="127.0.0.1:0",
            local_addr="127.0.0.1",
            logs_specs=DefaultLogsSpecs(log_dir=folder),
        )
        try:
            results = elastic_launch(config, _process)(work, arguments, max(1, threads // n_processes), log_path)
        except ChildFailedError as error:
            number, failure = error.get_first_failure()
            if failure.exitcode < 0:
                raise SemtokError(
                    f"training: one of {n_processes} processes was killed ({failure.message}; see {log_path}); "
                    "the next run resumes from the last checkpoint"
                ) from error
            # As `_process` has recorded it: the error's class, a colon, its message.
            told: Any = failure.message
            kind, _, message = told["message"].partition(": ")
            found = getattr(errors, kind, None)
            if found and issubclass(found, SemtokError):
                raise found(message) from None
            raise RuntimeError(f"process {number}: {kind}: {message}; see {log_path}") from error
    add_workers([results[number] for number in range(n_processes)])


def _process(work: Callable[..., None], arguments: dict[str, Any], threads: int, log_path: str) -> dict[str, Any]:
    """What each process does; returns what its record says."""
    # Torch has it sent when the launcher is killed, and a process that waits in a kernel would not see an exception.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    number = int(os.environ["RANK"])
    log_to(open(log_path, "a", encoding="utf-8"), logging.INFO if number == 0 else logging.ERROR)  # noqa: SIM115
    torch.set_num_threads(threads)
    try:
        is_cpu = devices.device().type == "cpu"
        if not is_cpu:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("gloo" if is_cpu else "nccl", timeout=PATIENCE)
        log.info("one of %d processes on %s", count(), devices.hardware()["device"])
        work(**arguments)
        distributed.destroy_process_group()
    except Exception as error:
        is_expected = isinstance(error, SemtokError)
        log.error("process %d: %s", number, error, exc_info=not is_expected)
        if not is_expected:
            # A process whose neighbour is gone fails too. Then the launcher ends it here, and it is not the one named.
            time.sleep(ECHO_SECONDS)
        from torch.distributed.elastic.multiprocessing.errors import get_error_handler

        get_error_handler().record_exception(error)
        logging.shutdown()
        # At once, since leaving in order may wait for processes that wait for this one.
        os._exit(1)
    return of_this_process(threads)


def count() -> int:
    """How many processes there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Which of them this is, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def is_main() -> bool:
    """Whether this process is the one that writes."""
    return rank() == 0


def share(n_rows: int) -> tuple[slice, int]:
    """This process's rows of a batch, about as many as every other's, and how many processes have these same rows.

    That is one, unless there are fewer rows than processes: then each has all.
    """
    if n_rows < count():
        return slice(0, n_rows), count()
    return slice(rank() * n_rows // count(), (rank() + 1) * n_rows // count()), 1


def add_up(optimizer: torch.optim.Optimizer, loss: Tensor) -> Tensor:
    """Sum over the processes the gradients of what `optimizer` learns, in place, and `loss`, which is returned."""
    if count() == 1:
        return loss
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    # A process whose share asks for no prediction has no gradients; the others wait for as many numbers from it.
    has_any = loss.new_tensor([float(any(parameter.grad is not None for parameter in parameters))])
    gradients = [torch.zeros_like(each) if each.grad is None else each.grad for each in parameters]
    # One message, since each takes its time whatever its size.
    message = torch.cat([loss.flatten(), has_any, *(gradient.flatten() for gradient in gradients)])
    distributed.all_reduce(message)
    sizes = [loss.numel(), 1, *(gradient.numel() for gradient in gradients)]
    total, n_with_any, *parts = torch.split(message, sizes)
    if n_with_any.item():
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part.view_as(parameter)
    return total.reshape(loss.shape)


def align(model: nn.Module) -> None:
    """Give every process the weights of the main one, which are the same unless a device rounds differently."""
    if count() > 1:
        for value in model.state_dict().values():
            distributed.broadcast(value.detach(), src=0)


def from_main(compute: Callable[[], Result]) -> Result:
    """What `compute` gives in the main process, for all to go on alike; the others wait."""
    if count() == 1:
        return compute()
    results = [compute() if is_main() else None]
    distributed.broadcast_object_list(results, src=0)
    result: Any = results[0]
    return result  # type: ignore[no-any-return]


def reseed(*numbers: int) -> None:
    """Where there are several processes, draw from here on by `numbers` and the process: dropout differs among them.

    A checkpoint holds the random state of the main process alone, so no step's may depend on what came before.
    """
    if count() > 1:
        torch.manual_seed(int(np.random.SeedSequence((*numbers, rank())).generate_state(1)[0]))
