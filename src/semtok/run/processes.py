"""Several processes that train one model, each on its share of every batch, to the result of one process.

One process is the rule: then there is no process group, nothing here communicates, and accelerate is not imported.
With several, which semtok.run.launch starts under torchrun, all hold the same weights, go through the same batches, and
add up their gradients before each step of the optimiser.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from semtok.run import devices

Result = TypeVar("Result")

PATIENCE = timedelta(days=1)
"""How long a process waits for another that validates or codes the catalogue. If one has died, torchrun ends the rest
within seconds; torch's own 10 minutes would end a job whose validation takes longer."""


def count() -> int:
    """How many processes there are."""
    return torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1


def rank() -> int:
    """Which of them this is, from 0."""
    return torch.distributed.get_rank() if torch.distributed.is_initialized() else 0


def is_main() -> bool:
    """Whether this process is the one that writes."""
    return rank() == 0


@contextmanager
def joined() -> Iterator[None]:
    """Form the group of the processes that torchrun has started, nccl on GPUs and gloo on processors."""
    from accelerate import PartialState

    is_cpu = devices.device().type == "cpu"
    # By name, since accelerate would take MPI wherever torch was built with it.
    state = PartialState(cpu=is_cpu, backend="gloo" if is_cpu else "nccl", timeout=PATIENCE)
    yield
    # Not after an error, when the others wait in the middle of something.
    state.destroy_process_group()


@dataclass(frozen=True)
class Share:
    """The rows of a batch that are this process's: about as many as every other's, one after the other."""

    start: int = 0
    stop: int | None = None
    """None: to the end."""
    weight: float = 1.0
    """What a mean over its rows counts for in the mean over the batch."""
    copies: int = 1
    """How many processes have the same rows."""
    processes: int = 1
    """How many processes share the batch."""
    sizes: tuple[int, ...] = ()
    """How many rows each process has; empty where each has all."""

    @property
    def rows(self) -> slice:
        """Its rows of the batch."""
        return slice(self.start, self.stop)

    def gather(self, own: Tensor) -> Tensor:
        """The rows of the whole batch [batch, ...] from this process's [n, ...], in order.

        Their gradients are summed over the processes and go back to where the rows come from. All processes have to
        call this, in the same order, and to use the result in their loss.
        """
        gathered: Tensor = _Gather.apply(own, self) if self.sizes else own  # type: ignore[no-untyped-call]
        return gathered


ALONE = Share()
"""All rows, and no others to gather from."""


def share(n_rows: int) -> Share:
    """What this process has of a batch; fewer rows than processes are everyone's, and count for so much less."""
    n_processes = count()
    if n_processes == 1:
        return ALONE
    if n_rows < n_processes:
        return Share(weight=1 / n_processes, copies=n_processes, processes=n_processes)
    sizes = tuple(n_rows // n_processes + (number < n_rows % n_processes) for number in range(n_processes))
    start = sum(sizes[: rank()])
    return Share(start, start + sizes[rank()], sizes[rank()] / n_rows, 1, n_processes, sizes)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, own: Tensor, of: Share) -> Tensor:
        from accelerate.utils import gather

        ctx.rows = of.rows
        most = max(of.sizes)
        padded = own.new_zeros(most, *own.shape[1:])
        padded[: len(own)] = own
        parts = gather(padded).split(most)
        return torch.cat([part[:size] for part, size in zip(parts, of.sizes, strict=True)])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        from accelerate.utils import reduce

        return reduce(gradient.contiguous(), reduction="sum")[ctx.rows], None


def backward(losses: dict[str, Tensor], optimizer: torch.optim.Optimizer, weight: float = 1.0) -> dict[str, Tensor]:
    """Add the gradient of the whole batch's `loss`; `losses`, scalars, are of this process's share.

    Returns the losses of the whole batch: the sum over the processes of `weight` times each one's.
    """
    if count() == 1:
        torch.autograd.backward(losses["loss"])
        return losses
    torch.autograd.backward(weight * losses["loss"])
    values = add_up(optimizer, weight * torch.stack(list(losses.values())).detach())
    return dict(zip(losses, values.unbind(), strict=True))


def add_up(optimizer: torch.optim.Optimizer, losses: Tensor) -> Tensor:
    """Sum over the processes the gradients of what `optimizer` learns, in place, and `losses`, which are returned."""
    if count() == 1:
        return losses
    from accelerate.utils import reduce

    gradients = [
        parameter.grad
        for group in optimizer.param_groups
        for parameter in group["params"]
        if parameter.grad is not None
    ]
    # One message, since each takes its time whatever its size.
    summed: Tensor = reduce(
        torch.cat([losses.flatten(), *(gradient.flatten() for gradient in gradients)]), reduction="sum"
    )
    sizes = [losses.numel(), *(gradient.numel() for gradient in gradients)]
    total, *parts = torch.split(summed, sizes)
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))
    return total.reshape(losses.shape)


def align(model: nn.Module) -> None:
    """Give every process the weights of the main one, which are the same unless a device rounds differently."""
    if count() > 1:
        from accelerate.utils import broadcast

        broadcast([value.detach() for value in model.state_dict().values()])


def from_main(compute: Callable[[], Result]) -> Result:
    """What `compute` gives in the main process, for all to go on alike; the others wait."""
    if count() == 1:
        return compute()
    from accelerate.utils import broadcast_object_list

    results: list[Any] = broadcast_object_list([compute() if is_main() else None])
    result: Result = results[0]
    return result


def collect(parts: list[Result]) -> list[Result]:
    """All parts in order, where process r of k has made the parts r, r + k, r + 2k and so on."""
    if count() == 1:
        return parts
    from accelerate.utils import gather_object

    numbered = [(rank() + turn * count(), part) for turn, part in enumerate(parts)]
    return [part for _, part in sorted(gather_object(numbered), key=itemgetter(0))]


def reseed(*numbers: int) -> None:
    """Where there are several processes, draw from here on by `numbers` and the process: dropout differs among them.

    A checkpoint holds the random state of the main process alone, so no step's may depend on what came before.
    """
    if count() > 1:
        torch.manual_seed(int(np.random.SeedSequence((*numbers, rank())).generate_state(1)[0]))
