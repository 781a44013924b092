"""What several processes do in the tests; semtok.run.distributed.launch calls these functions."""

import os
import signal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from pydantic import TypeAdapter

from semtok.config.recommenders import without
from semtok.config.tokenizers import TokenizerEntry
from semtok.errors import DataError
from semtok.recommenders import bert4rec, sasrec, tiger
from semtok.recommenders.task import RecommenderTask
from semtok.recommenders.training import Trainer
from semtok.run import distributed
from semtok.tokenizers.train import tokenize
from semtok.training import Losses

RECOMMENDERS = {"tiger": tiger.train, "sasrec": sasrec.train, "bert4rec": bert4rec.train}


def train_all(folder: str, recommenders: dict[str, Any], out: str) -> None:
    """Train all of these; OUT-NAME.npz holds the loss of every step and the result of each."""
    torch.set_num_threads(1)
    for name, options in recommenders.items():
        losses, results = train_recommender(folder, options, f"{out}-{name}.pt")
        if distributed.is_main():
            np.savez(f"{out}-{name}", losses=np.array(losses), **results)


def share_and_train_all(folder: str, recommenders: dict[str, Any], out: str) -> None:
    """Of two processes, both checks: to start them takes longer than either."""
    share_without_predictions()
    train_all(folder, recommenders, out)


def train_tokenizer(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Codes, history and weights."""
    roles = ["encoder", "collaborative"] if "views" not in options else list(options["views"])
    views = {role: folder / ("other.npy" if role == "collaborative" else "text.npy") for role in roles}
    tokens = tokenize(TypeAdapter[Any](TokenizerEntry).validate_python(options), "items.parquet", views, 0)
    history = pd.DataFrame(tokens.history)
    return {"codes": tokens.codes, "losses": history["loss"].to_numpy(), **tokens.state}


def train_recommender(folder: str, options: dict[str, Any], checkpoint: str) -> tuple[list[float], dict[str, Any]]:
    """Train one; the losses are those of the steps since the last kill."""
    losses: list[float] = []
    backward = Trainer.backward

    def recorded(*arguments: Any) -> Losses:
        found = backward(*arguments)
        losses.append(float(found.terms["loss"]))
        return found

    chosen = without("decoding", options)
    interactions, targets = (pd.read_parquet(Path(folder) / f"{name}.parquet") for name in ("interactions", "targets"))
    codes = np.load(Path(folder) / "codes.npy")
    with patch.object(Trainer, "backward", recorded):
        task = RecommenderTask(chosen, interactions, targets, seed=0, codes=codes)
        weights, history = RECOMMENDERS[chosen.method](task, checkpoint, "same")
    results = {"history": history.to_numpy(dtype=float)}
    return losses, results | {name: weight.numpy() for name, weight in weights.items()}


def train_and_lose_one(folder: str, options: dict[str, Any], checkpoint: str, after: int) -> None:
    """Train, and kill a process after some steps."""
    done = 0
    backward = Trainer.backward

    def step(*arguments: Any) -> Losses:
        nonlocal done
        if done == after and distributed.rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return backward(*arguments)

    with patch.object(Trainer, "backward", step):
        train_recommender(folder, options, checkpoint)


def fail_alone(message: str) -> None:
    """One process raises; the other waits for it."""
    if distributed.rank() == 1:
        raise DataError(message)
    distributed.add_up(torch.optim.SGD([torch.zeros(1)]), torch.zeros(1))


def share_without_predictions() -> None:
    """A step in which one process has no gradients, and one in which neither has."""
    parameter = torch.zeros(2)
    optimizer = torch.optim.SGD([parameter])
    mine = distributed.rank() == 0
    parameter.grad = torch.tensor([3.0, 4.0]) if mine else None
    loss = distributed.add_up(optimizer, torch.tensor(5.0 if mine else 0.0))
    if loss != 5 or parameter.grad is None or parameter.grad.tolist() != [3, 4]:
        raise DataError(f"process {distributed.rank()}: loss {loss}, gradient {parameter.grad}")
    parameter.grad = None
    distributed.add_up(optimizer, torch.tensor(0.0))
    if parameter.grad is not None:
        raise DataError(f"gradient {parameter.grad}, where one process alone would have none")


def divide_by_zero() -> None:
    """A defect in both."""
    1 / 0  # noqa: B018


def wait_for_ever(folder: str) -> None:
    """Say who one is, and wait; one of the two in a kernel, where no exception of Python is seen."""
    Path(folder, f"pid-{distributed.rank()}").write_text(str(os.getpid()))
    if distributed.rank() == 1:
        signal.pause()
    distributed.add_up(torch.optim.SGD([torch.zeros(1)]), torch.zeros(1))
