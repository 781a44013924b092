"""Weights are loaded as safetensors, or by torch without unpickling code, also where a library does it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

FORCED = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
LIFTED = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"


@contextmanager
def without_code() -> Iterator[None]:
    """Inside, every `torch.load` of this process unpickles tensors only, whatever its caller or the user's shell says.

    A checkpoint that holds anything else raises `pickle.UnpicklingError`, or what the library makes of it.
    """
    before = {name: os.environ.get(name) for name in (FORCED, LIFTED)}
    os.environ[FORCED] = "1"
    os.environ.pop(LIFTED, None)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
