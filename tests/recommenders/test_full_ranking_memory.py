import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
N_ITEMS, N_TARGETS, BATCH = 12_000, 2_560, 256
PROGRAM = f"""
import resource
import numpy as np
import pandas as pd
from semtok.recommenders.full_ranking import rank_catalogue
from semtok.recommenders.sasrec import SASRecNetwork
from semtok.recommenders.sequences import Sequences, target_samples
from support.sasrec import make_options

users = np.repeat(np.arange({N_TARGETS}), 2)
items = np.random.default_rng(0).integers(0, {N_ITEMS}, len(users))
items[-1] = {N_ITEMS} - 1
interactions = pd.DataFrame({{"user": users, "item": items, "timestamp": 0, "split": ["train", "test"] * {N_TARGETS}}})
targets = interactions[1::2].reset_index(drop=True).assign(position=1)
targets["target"] = targets.index
sequences = Sequences.from_interactions(interactions)
model = SASRecNetwork(make_options().model, sequences.n_items, 5)
samples = target_samples(targets, "test", sequences)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
rank_catalogue(model, sequences, samples.take(slice(0, 2 * {BATCH})), 5, {BATCH}, 50)
before = peak()
ranked = rank_catalogue(model, sequences, samples, 5, {BATCH}, 50)
assert ranked.top.shape == ({N_TARGETS}, 50)
print(peak() - before)
"""


def test_memory_does_not_grow_with_the_number_of_targets():
    """The scores of a batch take 12 MB, those of all 120."""
    if sys.platform != "linux":
        pytest.skip("peak memory is counted in other units there")
    path = f"{TESTS}:{TESTS.parent / 'src'}"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 70
