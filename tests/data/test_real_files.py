"""The readers against real files in the official formats: `SEMTOK_MIRROR=FOLDER pytest -m slow tests/data`."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mirror():
    folder = os.environ.get("SEMTOK_MIRROR")
    if not folder:
        pytest.skip("SEMTOK_MIRROR does not name a folder of raw files")
    return Path(folder)


CASES = {
    # Text fields, and users, items, interactions.
    "mind": (["title"], ["mind/MINDsmall_train.zip"], (7_583, 25_731, 249_231)),
    "amazon2014": (
        ["title", "category"],
        ["amazon2014/reviews_Beauty_5.json.gz", "amazon2014/meta_Beauty.json.gz"],
        (22_363, 12_101, 198_502),
    ),
    "foursquare": (["category"], ["foursquare/dataset_tsmc2014.zip"], (1_083, 5_135, 147_938)),
    # Its own mirror: that of config/calibration.yaml.
    "sequences": ([], ["inter.json"], (22_363, 12_101, 198_502)),
}


@pytest.mark.parametrize("reader", sorted(CASES))
def test_counts(reader, mirror, options, prepared):
    text_fields, paths, expected = CASES[reader]
    files = [mirror / path for path in paths]
    if not all(path.exists() for path in files):
        pytest.skip(f"{paths} are not all in {mirror}")
    tables = prepared(options(reader, without_text="keep") | {"text_fields": text_fields}, files)
    stats = tables.stats
    assert (stats["users"], stats["items"], stats["interactions"]) == expected
    assert all(part["bad"] == {} for file in stats["files"] for part in file["parts"])
    assert stats["targets"] == {"test": expected[0], "valid": expected[0]}
    if reader == "amazon2014":
        assert stats["length"]["min"] == 5
        assert tables.items["title"].notna().mean() > 0.99
    if reader == "foursquare":
        assert tables.items["latitude"].between(40.4, 41.1).all()
        assert tables.items["longitude"].between(-74.4, -73.5).all()
        assert 200 < tables.items["category"].nunique() < 400
        years = tables.interactions["timestamp"] / 86_400 / 365.25 + 1970
        assert years.between(2012.2, 2013.2).all()
