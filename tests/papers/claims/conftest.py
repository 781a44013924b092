"""Verdicts on made-up results, for all tests of claims."""

import pytest

from support import fabricated_cost as cost
from support import fabricated_simcit as simcit

REVERSED = {
    **cost.AS_PRINTED,
    "rqvae": cost.AS_PRINTED["cost"],
    "cost": cost.AS_PRINTED["rqvae"],
    "random": [290, 420, 570, 700],
}


@pytest.fixture(scope="session")
def as_printed(tmp_path_factory):
    """CoST's results as the paper has them."""
    collisions = {"rqvae": (0.2, 0.3), "cost": (0.05, 0.1)}
    return cost.judge(tmp_path_factory.mktemp("printed"), cost.AS_PRINTED, collisions=collisions, scale=4)


@pytest.fixture(scope="session")
def reversed_cost(tmp_path_factory):
    """CoST's results the other way round."""
    collisions = {"rqvae": (0.05, 0.1), "cost": (0.2, 0.3)}
    return cost.judge(tmp_path_factory.mktemp("reversed"), REVERSED, collisions=collisions)


@pytest.fixture(scope="session")
def equal(tmp_path_factory):
    """CoST's results where no method is better than another."""
    return cost.judge(tmp_path_factory.mktemp("equal"), {name: [200, 300, 420, 540] for name in cost.AS_PRINTED})


@pytest.fixture(scope="session")
def as_claimed(tmp_path_factory):
    """SimCIT above everything, hard search below everything; its codes are the better ones."""
    hits = {"simcit": simcit.BASE, "simcit-hard-frozen": simcit.WORST, "ids": simcit.WORST}
    diagnostics = {
        "simcit-no-annealing": {"perplexity": 0.3, "use": 0.5},
        "rqvae-3x48": {"collisions": 0.3},
        "cost-3x48": {"collisions": 0.25},
        "letter-3x48": {"collisions": 0.2},
    }
    return simcit.judge(tmp_path_factory.mktemp("claimed"), hits, diagnostics)


@pytest.fixture(scope="session")
def reversed_simcit(tmp_path_factory):
    """SimCIT's results the other way round."""
    hits = {"simcit": simcit.WORST, "simcit-hard-frozen": simcit.BASE, "simcit-text": simcit.WORST}
    diagnostics = {
        "simcit": {"perplexity": 0.3, "use": 0.4, "collisions": 0.5, "purity": (0.1, 0.19, 0.4, 0.6)},  # below chance
    }
    return simcit.judge(tmp_path_factory.mktemp("reversed"), hits, diagnostics, phases=(False, False, False))
