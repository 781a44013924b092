import json

import pandas as pd

from semtok.papers.statistics import Uncertainty
from semtok.plan import cells as plan
from semtok.plan.definition import load
from support.fabricated_results import (
    drawn_ranks,
    made_table,
    results_from,
    write_metrics,
    write_stats,
    write_untrained,
)
from support.fabricated_simcit import DEFINITION, PRINTED, cells_of, paper_config, write_diagnostics


def build(folder, name, beam=50, source="mirror", seeds=(0, 1), **changed):
    cells = cells_of(name, seeds, **changed)
    runs = [run for run in plan.runs(cells) if not run.is_untrained]
    frames = {run: drawn_ranks(0.3 + 0.01 * i, 200, i, beam) for i, run in enumerate(runs)}
    metrics = {run: write_metrics(folder, run, frame) for run, frame in frames.items()}
    metrics |= {
        run: write_untrained(folder / f"{run.dataset}-untrained.parquet", frames[runs[0]])
        for run in plan.runs(cells)
        if run.is_untrained
    }
    diagnostics = dict.fromkeys(plan.coded(cells), write_diagnostics(folder / "diagnostics.json"))
    (folder / "facts.json").write_text(json.dumps({"overlap@20": 0.99}))
    labels = plan.datasets(load(DEFINITION), paper_config(**changed), name)
    stats = {label: write_stats(folder / f"{entry}.json", source, 1075, items=5099) for label, entry in labels.items()}
    results = results_from(
        *(DEFINITION, PRINTED, "simcit", name, cells),
        {"metrics": metrics, "diagnostics": diagnostics, "facts": dict.fromkeys(runs, folder / "facts.json")},
        *(stats, Uncertainty(100, 0.95, 0)),
    )
    return made_table(folder, results).set_index(["dataset", "method", "k"])


def test_table2_has_other_rows_on_other_datasets(tmp_path):
    frame = build(tmp_path, "table2")
    assert len(frame[frame["kind"] == "trained"]) == 2 * (4 * 7 + 2 * 9)
    # The lists, and what a random one has in expectation where something was run.
    assert len(frame[frame["kind"] != "trained"]) == 2 * (6 * 7 + 1)
    assert frame.loc[("NYC", "SimCIT", 10), "printed"] == 0.6473
    assert frame.loc[("NYC", "SimCIT", 10), "seeds"] == 2
    assert frame.loc[("NYC", "STAN", 10), "source"] == "not run: this config has no recommender stan"
    assert frame.loc[("INS", "GRU4Rec", 5), "printed"] == 0.0624
    assert frame.loc["INS (2023)"]["printed"].isna().all()
    assert ("NYC", "GRU4Rec", 10) not in frame.index
    assert frame.loc[("NYC", "SASRec", 10), "mean"] > 0


def test_table2_in_blocks(tmp_path):
    build(tmp_path, "table2")
    text = (tmp_path / "table2.md").read_text()
    check_ins = text[text.index("and SimCIT: NYC, TKY.**") :]
    assert "| STAN | Recall | 0.4669 | — |" in check_ins
    assert "GRU4Rec" not in check_ins.split("- ")[0].split("Diagnostics")[0]
    shops = text[: text.index("and SimCIT: INS (2023), BEA (2023).**")]
    assert "| GRU4Rec | Recall | 0.0624 | — | 0.0701 | — | 0.0202 |" in shops
    assert "Not run: STAN, this config has no recommender stan." in text
    assert "SASRec: Ours is trained with cross-entropy over the whole catalogue" in text
    assert "INS (2023): Musical_Instruments of the Amazon reviews of 2023" in text
    assert "The printed baselines are LETTER's (M-I3)" in text
    assert (tmp_path / "table2.tex").read_text().count(r"\begin{table}") == 3
    # Two readings, two cities, and the diagnostics below.
    assert (tmp_path / "table2.html").read_text().count("<table>") == 4


def test_a_stand_in_is_named_wherever_it_shows(tmp_path):
    frame = build(tmp_path, "table4")
    assert set(frame.index.get_level_values("dataset")) == {"NYC for AMap"}
    row = frame.loc[("NYC for AMap", "SimCIT w/o g.s.", 10)]
    assert row["printed"] == 0.2253
    assert row["mean"] > 0
    text = (tmp_path / "table4.md").read_text()
    assert "> **NYC stands in for AMap: our numbers are not about AMap.**" in text
    assert "| NYC for AMap @10 paper, AMap | NYC for AMap @10 ours, NYC |" in text
    assert "AMap is proprietary" in text
    # Its own size is compared with the printed one, and not with AMap's.
    assert "NYC for AMap: mirror of the official files, 1,075 users (the paper: 1,075)." in text
    build(tmp_path, "table4", source="synthetic")
    text = (tmp_path / "table4.md").read_text()
    assert "Synthetic data stand for NYC for AMap: not the paper's numbers. NYC stands in for AMap" in text
    assert "@10 synthetic, NYC" in text


def test_a_narrow_beam_leaves_wide_cells_empty(tmp_path):
    frame = build(tmp_path, "table4")
    wide = frame.loc[("NYC for AMap", "SimCIT", 100)]
    assert wide["source"] == "not measured: beam 50 < 100"
    assert wide["printed"] == 0.5010
    assert pd.isna(wide["mean"])
    assert wide["seeds"] == 0
    assert "- Not measured: beam 50 < 1000." in (tmp_path / "table4.md").read_text()


def test_a_wide_beam_fills_them(tmp_path):
    frame = build(tmp_path, "table4", beam=120, seeds=(0,))
    assert frame.loc[("NYC for AMap", "SimCIT", 100), "mean"] > frame.loc[("NYC for AMap", "SimCIT", 10), "mean"]
    assert frame.loc[("NYC for AMap", "SimCIT", 1000), "source"] == "not measured: beam 120 < 1000"


def test_proprietary_data_stay_empty(tmp_path):
    frame = build(tmp_path, "table3")
    assert set(frame["source"]) == {"not run: AMap is proprietary"}
    assert frame["mean"].isna().all()
    assert frame.loc[frame["kind"] == "trained", "printed"].notna().all()
    assert "- Not run: AMap is proprietary." in (tmp_path / "table3.md").read_text()
