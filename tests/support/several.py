"""What several processes do in the tests; semtok.run.launch calls these functions by name."""

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
from semtok.config.tokenizers import Tokenizer
from semtok.errors import DataError
from semtok.recommenders import sasrec, tiger, training
from semtok.recommenders.task import Task
from semtok.run import processes
from semtok.tokenizers import training_loop
from semtok.tokenizers.train import tokenize

RECOMMENDERS = {"tiger": tiger.train, "sasrec": sasrec.train}


def train_all(folder: str, tokenizers: dict[str, Any], recommenders: dict[str, Any], out: str) -> None:
    """Train all of these; OUT-NAME.npz holds the loss of every step and the result of each."""
    torch.set_num_threads(1)
    for name, options in tokenizers.items():
        _write(f"{out}-{name}", *_tokenizer(Path(folder), options))
    for name, options in recommenders.items():
        _write(f"{out}-{name}", *train_recommender(folder, options, f"{out}-{name}.pt"))


def _tokenizer(folder: Path, options: dict[str, Any]) -> tuple[list[float], dict[str, Any]]:
    losses: list[float] = []
    backward = processes.backward

    def recorded(*arguments: Any) -> Any:
        found = backward(*arguments)
        losses.append(float(found["loss"].detach()))
        return found

    roles = ["encoder", "collaborative"] if "views" not in options else list(options["views"])
    views = {role: folder / ("other.npy" if role == "collaborative" else "text.npy") for role in roles}
    chosen = TypeAdapter[Any](Tokenizer).validate_python(options)
    with patch.object(processes, "backward", recorded), patch.object(training_loop, "EXPORT_BATCH", 50):
        tokens = tokenize(chosen, "items.parquet", views, 0)
    history = pd.DataFrame(tokens.history).to_numpy(dtype=float)
    return losses, {"codes": tokens.codes, "history": history, **tokens.state}


def train_recommender(folder: str, options: dict[str, Any], checkpoint: str) -> tuple[list[float], dict[str, Any]]:
    """Train one; the losses are those of the steps since the last kill."""
    losses: list[float] = []
    train_step = training.train_step

    def recorded(*arguments: Any) -> torch.Tensor:
        loss = train_step(*arguments)
        losses.append(float(loss))
        return loss

    chosen = without("decoding", options)
    interactions, targets = (pd.read_parquet(Path(folder) / f"{name}.parquet") for name in ("interactions", "targets"))
    codes = np.load(Path(folder) / "codes.npy")
    with patch.object(training, "train_step", recorded):
        task = Task(chosen, interactions, targets, seed=0, codes=codes)
        weights, history = RECOMMENDERS[chosen.method](task, checkpoint, "same")
    results = {"history": history.to_numpy(dtype=float)}
    return losses, results | {name: weight.numpy() for name, weight in weights.items()}


def _write(path: str, losses: list[float], results: dict[str, Any]) -> None:
    if processes.is_main():
        np.savez(path, losses=np.array(losses), **results)


def train_and_lose_one(folder: str, options: dict[str, Any], checkpoint: str, after: int) -> None:
    """Train with a checkpoint at every step; a process is killed after some."""
    done = 0
    train_step = training.train_step

    def step(*arguments: Any) -> torch.Tensor:
        nonlocal done
        if done == after and processes.rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return train_step(*arguments)

    training.train_step = step
    training.Trainer.__init__.__defaults__ = (0.0,)
    train_recommender(folder, options, checkpoint)


def fail_alone(message: str) -> None:
    """One process raises; the other waits for it."""
    if processes.rank() == 1:
        raise DataError(message)
    processes.add_up(torch.optim.SGD([torch.zeros(1)]), torch.zeros(1))


def wait_for_ever(folder: str) -> None:
    """Say who one is, and wait."""
    Path(folder, f"pid-{processes.rank()}").write_text(str(os.getpid()))
    signal.pause()
