"""torch's optimizers without what wraps their methods for torch.compile.

The first call of a wrapped method imports the compiler, which takes two seconds of a processor: a third of a training
in the demo. Nothing here is compiled, and the steps are the same.
"""

from inspect import unwrap
from typing import TypeVar

import torch

Optimizer = TypeVar("Optimizer", bound=torch.optim.Optimizer)
WRAPPED = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")


def uncompiled(optimizer: type[Optimizer]) -> type[Optimizer]:
    """The same class of optimizers, its methods as they stand below torch's decorators."""
    methods = {name: unwrap(getattr(optimizer, name)) for name in WRAPPED}
    # The one decorator that a step needs.
    methods["step"] = torch.no_grad()(unwrap(optimizer.step))
    return type(optimizer.__name__, (optimizer,), methods)


Adafactor = uncompiled(torch.optim.Adafactor)
Adam = uncompiled(torch.optim.Adam)
AdamW = uncompiled(torch.optim.AdamW)
