import subprocess
import sys

import pytest
import torch

from semtok import optimizers


@pytest.mark.parametrize("name", ["Adafactor", "Adam", "AdamW"])
def test_steps_are_torchs(name):
    batches = [torch.randn(3, 5) for _ in range(4)]
    start = torch.randn(5, 4)
    results = []
    for module in (optimizers, torch.optim):
        weight = start.clone().requires_grad_()
        optimizer = getattr(module, name)([weight], lr=0.1, weight_decay=0.01)
        for number, batch in enumerate(batches):
            if number == 2:  # as after a kill
                state = optimizer.state_dict()
                optimizer = getattr(module, name)([weight], lr=0.1, weight_decay=0.01)
                optimizer.load_state_dict(state)
            optimizer.zero_grad()
            (batch @ weight).square().sum().backward()
            optimizer.step()
        results.append((weight.detach(), optimizer.state_dict()))
    (ours, state), (theirs, expected) = results
    assert torch.equal(ours, theirs)
    assert state["param_groups"] == expected["param_groups"]
    for key, value in expected["state"][0].items():
        assert torch.equal(torch.as_tensor(state["state"][0][key]), torch.as_tensor(value))


def test_a_step_does_not_import_the_compiler():
    code = (
        "import sys, torch; from semtok.optimizers import Adafactor, Adam, AdamW\n"
        "for optimizer in (Adafactor, Adam, AdamW):\n"
        "    weight = torch.ones(2, 2, requires_grad=True); made = optimizer([weight], lr=0.1)\n"
        "    weight.sum().backward(); made.step(); made.zero_grad(); made.load_state_dict(made.state_dict())\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
