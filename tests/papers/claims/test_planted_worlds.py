"""How often each verdict comes where the truth is known."""

from collections import Counter

import pytest

from support.planted_worlds import frequencies, judge, worlds

CLAIMS = ["C-1", "C-4", "C-6", "C-15"]
DRAWS = 4
SURELY = {
    "true": {"C-15": "reproduced"},
    "half": {"C-15": "reproduced"},
    "reversed": {"C-1": "not reproduced", "C-4": "not reproduced"},
    "null": {"C-1": "not reproduced"},
}
NEVER = {
    "true": {"C-1": "not reproduced", "C-4": "not reproduced", "C-6": "not reproduced"},
    "half": {"C-1": "reproduced", "C-4": "reproduced"},
    "reversed": {claim: "reproduced" for claim in CLAIMS},
    "null": {claim: "reproduced" for claim in CLAIMS},
}


@pytest.mark.parametrize("world", SURELY)
def test_verdicts_of_planted_worlds(world):
    """Of a tenth of the users, where small differences stay open and large ones do not."""
    drawn = [judge(worlds()[world], CLAIMS, 3, i, users=3000, seed_noise=0.01, resamples=1000) for i in range(DRAWS)]
    found = frequencies(drawn)
    for claim, verdict in SURELY[world].items():
        assert found[claim][verdict] == DRAWS, (claim, found[claim])
    for claim, verdict in NEVER[world].items():
        assert found[claim][verdict] == 0, (claim, found[claim])


def test_one_seed_decides_in_no_world():
    found = judge(worlds()["true"], CLAIMS, 1, 0, users=1000, resamples=200)
    assert Counter(found.values()) == {"inconclusive": len(CLAIMS)}


@pytest.mark.slow
def test_three_seeds_of_the_printed_table_suffice_for_its_order():
    """With Holm's adjustment inside C-4 it would be inconclusive in two of three such worlds."""
    drawn = [judge(worlds()["true"], ["C-4", "C-6"], 3, i) for i in range(10)]
    found = frequencies(drawn)
    assert found["C-4"]["reproduced"] >= 8
    assert found["C-6"]["reproduced"] >= 8
