import json

import pandas as pd
import pytest

from semtok.errors import DataError
from semtok.papers import statistics_table
from semtok.papers.statistics import Uncertainty
from support import fabricated_results, fabricated_simcit
from support.fabricated_results import write_stats


def results_of(stats, paper="cost"):
    support = {"cost": fabricated_results, "simcit": fabricated_simcit}[paper]
    return support.results_from(
        support.DEFINITION, support.PRINTED, paper, "table1", [], {}, stats, Uncertainty(100, 0.95, 0)
    )


def tidy(results):
    return statistics_table.tidy(results).set_index(["dataset", "statistic"])


@pytest.fixture
def results(tmp_path):
    stats = {
        "MIND": write_stats(tmp_path / "mind.json", "official", users=29_000, items=12_000),
        "Office(S)": write_stats(tmp_path / "small.json"),
    }
    return results_of(stats)


def test_tidy(results):
    frame = tidy(results)
    users = frame.loc[("MIND", "users")]
    assert users["printed"] == 29_207
    assert users["value"] == 29_000
    assert users["relative_difference"] == pytest.approx(29_000 / 29_207 - 1)
    assert users["within_tolerance"]
    assert not frame.loc[("Office(S)", "users"), "within_tolerance"]
    assert frame.loc[("Office(L)", "users"), "source"] == "not run: no dataset of this config stands for Office(L)"
    assert "C-I2" in frame.loc[("Office(L)", "length_median"), "note"]


def test_grid(results):
    grid = statistics_table.grid(results, statistics_table.tidy(results))
    assert grid.columns[:4] == [
        ("", "Datasets"),
        ("", "source"),
        ("#User", "paper"),
        ("#User", "ours, partly synthetic"),
    ]
    mind, _, large = grid.rows
    assert (mind[3].plain, mind[3].detail, mind[3].bold) == ("29,000", "(-0.7%)", True)
    assert [text.plain for text in large[:4]] == ["Office(L)", "not run", "16,696", "—"]
    assert "Office(S)" in grid.warning
    assert "MIND" not in grid.warning


def test_sparsities_differ_by_what_they_leave(tmp_path):
    stats = {
        "NYC": write_stats(tmp_path / "nyc.json", "mirror", 1083, items=5135, interactions=147_938),
        "INS": write_stats(tmp_path / "ins.json", "official", 24_772),
    }
    results = results_of(stats, "simcit")
    frame = tidy(results)
    sparsity = frame.loc[("NYC", "sparsity")]
    assert sparsity["value"] == pytest.approx(100 * (1 - 147_938 / (1083 * 5135)))
    # 2.66% is filled instead of 1.90%: 40% more, though 97.34 and 98.10 are alike.
    assert sparsity["relative_difference"] == pytest.approx(0.4011, abs=0.001)
    assert frame.loc[("AMap", "users"), "source"] == "not run: AMap is proprietary"
    assert pd.isna(frame.loc[("INS", "users"), "printed"])
    assert "M-I2" in frame.loc[("BEA (2023)", "users"), "note"]
    grid = statistics_table.grid(results, statistics_table.tidy(results))
    assert "99.9640%" in [text.plain for row in grid.rows for text in row]


def test_statistics_need_their_keys(tmp_path):
    path = tmp_path / "stats.json"
    path.write_text(json.dumps({"source": "mirror", "users": 3}))
    with pytest.raises(DataError, match="'items' is missing"):
        statistics_table.tidy(results_of({"MIND": path}))
