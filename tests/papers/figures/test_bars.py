import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from semtok.papers import FIGURES
from semtok.papers.figures.make import make_figure
from semtok.papers.statistics import Uncertainty
from semtok.plan import cells as plan
from semtok.plan.definition import load
from semtok.run.digest import code_digest
from support.fabricated_results import (
    DEFINITION,
    PRINTED,
    TOKENIZERS,
    drawn_ranks,
    paper_config,
    results_from,
    write_metrics,
    write_stats,
)


def build(folder, name, source="synthetic", suffixes=(), facts=(), **changed):
    """Build a figure on fabricated runs, with `facts` of decoding by tokenizer; returns its CSV as a frame."""
    config = paper_config(**changed)
    cells = plan.cells(load(DEFINITION), config, name, [0], TOKENIZERS)
    paths = {
        run: write_metrics(folder, run, drawn_ranks(0.2 + 0.02 * i, 200, i)) for i, run in enumerate(plan.runs(cells))
    }
    stats = {label: write_stats(folder / f"{label}.json", source) for label in config.datasets}
    for tokenizer, found in dict(facts).items():
        (folder / f"{tokenizer}.json").write_text(json.dumps(found))
    decoded = {run: folder / f"{run.tokenizer}.json" for run in paths if run.tokenizer in dict(facts)}
    files = {"metrics": paths, "facts": decoded}
    csv = folder / f"{name}.csv"
    make_figure(
        results_from(DEFINITION, PRINTED, "cost", name, cells, files, stats, Uncertainty(100, 0.95, 0)),
        *(csv, [csv.with_suffix(f".{suffix}") for suffix in suffixes]),
    )
    return pd.read_csv(csv, keep_default_na=False, na_values={"mean": "", "printed": "", "std": ""})


def test_numbers_of_figure3(tmp_path):
    frame = build(tmp_path, "figure3")
    assert len(frame) == 6 * 2 + 3 * 2
    first = frame[frame["panel"] == "a"]
    assert set(first["group"]) == {"e = 20", "e = 100"}
    assert set(frame["source"]) == {"synthetic"}
    # The tokenizer is what was run: the paper's own setting is the plain entry.
    base = first[(first["group"] == "e = 100") & (first["series"] == "tau = 0.1")]
    assert set(base["tokenizer"]) == {"cost"}
    printed = base.set_index("k")["printed"]
    assert printed[20] == 0.1855
    assert pd.isna(printed[40])
    assert set(frame.loc[frame["printed"].notna(), "printed_provenance"]) == {"digitised"}
    assert set(frame.loc[frame["printed"].isna(), "printed_provenance"]) == {""}


def test_plots_of_one_panel_are_told_apart(tmp_path):
    build(tmp_path, "figure3", suffixes=["svg"])
    titles = re.findall(r"<!-- (\(.*?\)) (?:temperature|epochs)", (tmp_path / "figure3.svg").read_text())
    assert titles == ["(a, Recall@20)", "(a, Recall@40)", "(b)"]


def test_a_bar_whose_beam_is_not_certified_is_marked(tmp_path):
    build(
        tmp_path,
        "figure4",
        suffixes=["svg", "md"],
        facts={"cost": {"overlap@20": 0.8}, "cost+n_levels=4": {"overlap@20": 1}},
    )
    drawn = (tmp_path / "figure4.svg").read_text()
    # The paper's own setting is a bar of each panel, once for each metric and k; the other has a wide beam.
    panels = load(DEFINITION).figures["figure4"].panels.values()
    assert drawn.count("<!-- † -->") == sum(len(panel.metrics) * len(panel.ks) for panel in panels)
    assert "not judged" in (tmp_path / "figure4.md").read_text()


def test_one_run_in_two_panels_has_one_value(tmp_path):
    frame = build(tmp_path, "figure3")
    same = frame[(frame["tokenizer"] == "cost-20-epochs") & (frame["metric"] == "recall") & (frame["k"] == 40)]
    assert same["panel"].tolist() == ["a", "b"]
    assert len(set(same["mean"])) == 1


def test_pictures_and_that_the_same_input_gives_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        build(tmp_path / folder, "figure4", suffixes=("svg", "pdf"))
    assert (tmp_path / "a/figure4.svg").read_text().startswith("<?xml")
    assert (tmp_path / "a/figure4.pdf").read_bytes().startswith(b"%PDF")
    for suffix in ("csv", "svg", "pdf"):
        assert (tmp_path / f"a/figure4.{suffix}").read_bytes() == (tmp_path / f"b/figure4.{suffix}").read_bytes()


def test_bars_that_are_not_run_say_why(tmp_path):
    frame = build(tmp_path, "figure4", suffixes=["svg"], figures=["figure3"])
    assert frame["mean"].isna().all()
    assert set(frame["source"]) == {"not run: figure4 is not among the tables and figures of this config"}
    assert (frame["seeds"] == 0).all()
    assert (tmp_path / "figure4.svg").exists()


@pytest.mark.parametrize("edited", FIGURES)
def test_an_edit_of_one_kind_makes_no_other_kind_again(tmp_path, edited):
    root = Path(__file__).parents[3]
    source = shutil.copytree(root / "src", tmp_path / "src")

    def digests():
        script = root / "workflow/scripts/figure.py"
        return {kind: code_digest(source, script, module) for kind, module in FIGURES.items()}

    before = digests()
    path = source.joinpath(*FIGURES[edited].split(".")).with_suffix(".py")
    path.write_text(path.read_text() + "\nEDITED = True\n")
    after = digests()
    assert {kind for kind in FIGURES if before[kind] != after[kind]} == {edited}
