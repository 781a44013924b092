"""How large the paper's data are, and ours."""

import pytest

from semtok.papers.origin import Origin, PrintedSize, departure, describe

PRINTED = PrintedSize(29_207, 12_251)


@pytest.mark.parametrize(
    ("users", "items", "printed", "differs"),
    [
        (28_000, 12_800, PRINTED, ""),
        (27_000, 12_251, PRINTED, "27,000 users vs the paper's 29,207"),
        (29_207, 1896, PRINTED, "1,896 items vs the paper's 12,251"),
        (2963, 1896, PRINTED, "2,963 users vs the paper's 29,207 and 1,896 items vs the paper's 12,251"),
        # Where the paper prints no items, or the statistics tell none, users alone count.
        (29_207, 1896, PrintedSize(29_207), ""),
        (29_207, None, PRINTED, ""),
        (5, 5, PrintedSize(), ""),
    ],
)
def test_data_are_a_sample_by_their_users_or_by_their_items(users, items, printed, differs):
    origin = Origin("mirror", users, items)
    assert departure(origin, printed) == (f"the data are a sample: {differs}" if differs else "")
    assert ("mirror sample" in describe("MIND", origin, printed)) == bool(differs)


def test_a_made_up_world_says_nothing_about_real_data():
    said = describe("NYC for AMap", Origin("synthetic", 300), PrintedSize(1075))
    assert said.endswith("a made-up world of 300 users (the paper: 1,075); its numbers say nothing about real data.")


def test_official_files_of_another_size_say_so():
    origin = Origin("official", 29_207, 16_000)
    assert describe("MIND", origin, PRINTED) == (
        "MIND: official files, 29,207 users (the paper: 29,207), 16,000 items vs the paper's 12,251."
    )
    assert departure(origin, PRINTED) == "the data are of another size: 16,000 items vs the paper's 12,251"
