"""Trainings of tokenizers on made-up vectors."""

import numpy as np

from semtok.tokenizers.simcit import SimCIT
from semtok.tokenizers.simcit_training import SimCITTraining
from semtok.tokenizers.train import tokenize, write_tokens
from semtok.tokenizers.vectors import Catalogue
from semtok.tokenizers.views import Views
from semtok.training import Plan, Progress, train


def catalogue(vectors):
    return Catalogue(vectors, np.flatnonzero(~np.isnan(vectors).any(axis=1)), np.nanmean(vectors, axis=0))


def files(tokens, folder):
    folder.mkdir()
    write_tokens(tokens, folder / "codes.npy", folder / "model.safetensors", folder / "history.csv")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def train_to_the_end(training, checkpoint=None, identity=""):
    """Of an autoencoder; gives the progress."""
    plan = Plan(training.n_epochs, training.options.learning_rate, steps=training.n_steps)
    return train(training, plan, checkpoint, identity)


def one_epoch(training, epoch=1):
    """The steps of an epoch without anything around them; the losses of each."""
    found = []
    for number, batch in enumerate(training.batches(epoch)):
        training.optimizer.zero_grad()
        found.append(training.backward(batch, Progress(epoch=epoch - 1, step=number)))
        training.optimizer.step()
    return found


def codes_of(options, views, seed=0):
    return tokenize(options, "items.parquet", {name: views[name] for name in encoded(options)}, seed)


def encoded(options):
    return [name for name, entry in options.views.items() if entry]


def training_of(options, views, seed=0):
    return SimCITTraining(SimCIT, options, Views({name: views[name] for name in encoded(options)}), seed)
