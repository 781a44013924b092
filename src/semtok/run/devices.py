"""Where the numbers are crunched: device, precision and threads.

Hardware is chosen by the environment, never by the config, so that it does not enter a job's identity:
`SEMTOK_DEVICE` (auto, cpu, cuda, cuda:1, mps), `SEMTOK_DTYPE` (auto, float32, bfloat16) and `SEMTOK_PROCESSES` (auto,
or how many processes train one model together; auto: one a GPU that the job was granted).
"""

import os
from contextlib import AbstractContextManager, nullcontext

import torch

from semtok.errors import SemtokError

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def device() -> torch.device:
    """The device to compute on: `SEMTOK_DEVICE`, or the GPU if there is one, or the CPU."""
    name = os.environ.get("SEMTOK_DEVICE", "auto")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise SemtokError(
            f"SEMTOK_DEVICE: {name!r} is not a device; expected auto, cpu, cuda, cuda:N or mps"
        ) from error


def compute_dtype(on: torch.device) -> torch.dtype:
    """The dtype of matrix products: bfloat16 on a GPU that multiplies it natively, else float32.

    On a processor float32 even where it has AMX: of batches of ever new shapes oneDNN compiles a kernel each, which
    took longer than the products (docs/benchmarks.md), and the numbers would depend on the model of the processor.
    """
    name = os.environ.get("SEMTOK_DTYPE", "auto")
    if name != "auto":
        if name not in _DTYPES:
            raise SemtokError(f"SEMTOK_DTYPE: {name!r} is not supported; expected auto, {', '.join(_DTYPES)}")
        return _DTYPES[name]
    if on.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.bfloat16
    return torch.float32


def processes(granted_gpus: int) -> int:
    """How many processes a training has, each with a device of its own: `SEMTOK_PROCESSES`, or one a granted GPU.

    Raises SemtokError where the job does not see as many GPUs as that. With `SEMTOK_DEVICE` cpu it is one process,
    whatever was granted, unless the variable asks for more.
    """
    name, where = os.environ.get("SEMTOK_PROCESSES", "auto"), device()
    if name != "auto" and (not name.isdecimal() or int(name) < 1):
        raise SemtokError(f"SEMTOK_PROCESSES: {name!r} is not a number of processes; expected auto, 1, 2, ...")
    wanted = max(granted_gpus, 1) if name == "auto" else int(name)
    is_chosen = os.environ.get("SEMTOK_DEVICE", "auto") != "auto"
    if where.type == "cpu" and (name != "auto" or is_chosen):
        return 1 if name == "auto" else wanted
    visible = torch.cuda.device_count() if where.type == "cuda" and where.index is None else 1
    if wanted > visible:
        raise SemtokError(
            f"the job asks for {wanted} GPUs (resource gpu, or SEMTOK_PROCESSES), but sees "
            f"{torch.cuda.device_count()} (CUDA_VISIBLE_DEVICES: {os.environ.get('CUDA_VISIBLE_DEVICES', 'not set')}; "
            f"SEMTOK_DEVICE: {os.environ.get('SEMTOK_DEVICE', 'auto')}); expected at most as many as it sees"
        )
    return wanted


def autocast(on: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Autocast to `dtype`; nothing at all for float32."""
    return nullcontext() if dtype == torch.float32 else torch.autocast(on.type, dtype=dtype)


def hardware() -> dict[str, str | int]:
    """The hardware a job ran on, for its record."""
    where = device()
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else where.type
    return {
        "device": name,
        "dtype": str(compute_dtype(where)).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }
