"""Trainings of tokenizers on made-up vectors."""

import numpy as np

from semtok.tokenizers.simcit import SimCIT
from semtok.tokenizers.simcit_training import Training
from semtok.tokenizers.train import tokenize, write
from semtok.tokenizers.vectors import Catalogue
from semtok.tokenizers.views import Views


def catalogue(vectors):
    return Catalogue(vectors, np.flatnonzero(~np.isnan(vectors).any(axis=1)), np.nanmean(vectors, axis=0))


def files(tokens, folder):
    folder.mkdir()
    write(tokens, folder / "codes.npy", folder / "model.safetensors", folder / "history.csv")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def codes_of(options, views, seed=0):
    return tokenize(options, "items.parquet", {name: views[name] for name in encoded(options)}, seed)


def encoded(options):
    return [name for name, entry in options.views.items() if entry]


def training_of(options, views, seed=0):
    return Training(SimCIT, options, Views({name: views[name] for name in encoded(options)}), seed)
