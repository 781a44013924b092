"""Runs and their metrics as samples."""

import pytest

from semtok.papers.measured import Measured
from semtok.papers.statistics import Uncertainty, difference
from semtok.plan.cells import Run
from support.fabricated_results import staircase, write_metrics

SEEDS = (0, 1, 2)
COLUMNS = [("recall", 5)]


def width(folder, *recommenders):
    """Of the interval of the difference of two rows of one tokenizer that seeds move alike."""
    metrics, methods = {}, {}
    for above, recommender in zip((100, 0), recommenders, strict=True):
        runs = [Run("mind", "store", recommender, seed) for seed in SEEDS]
        methods[recommender] = runs
        for run in runs:
            hits = 400 + above + 60 * run.seed
            metrics[run] = write_metrics(folder, run, staircase([hits, *(hits + more for more in (50, 90, 120))]))
    measured = Measured(metrics, methods, COLUMNS, Uncertainty(1000, 0.95, 0))
    found = measured.bootstrap.estimate(difference(0, 1, 0))
    return found.high - found.low


@pytest.mark.parametrize("other", ["store+collisions=expand", "store-no-alignment"])
def test_what_is_decoded_otherwise_shares_the_noise_of_its_training(tmp_path, other):
    shared = width(tmp_path, "store", "store+decoding.constraint=position")
    assert width(tmp_path, "store", other) > 4 * shared
