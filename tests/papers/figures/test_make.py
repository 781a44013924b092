import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from semtok.papers.figures.canvas import label_ends
from semtok.papers.figures.make import make_figure
from semtok.papers.statistics import Uncertainty
from semtok.plan import cells as plan
from semtok.plan.definition import load
from support.fabricated_results import drawn_ranks, results_from, write_metrics, write_stats
from support.fabricated_simcit import DEFINITION, PRINTED, cells_of, paper_config, write_history, write_tokens


def build(folder, name, inputs, source="mirror", suffixes=(), **changed):
    """Build a figure from fabricated files; returns its CSV as a frame."""
    cells = cells_of(name, **changed)
    labels = plan.datasets(load(DEFINITION), paper_config(**changed), name)
    stats = {label: write_stats(folder / f"{entry}.json", source, 1075) for label, entry in labels.items()}
    make_figure(
        results_from(
            *(DEFINITION, PRINTED, "simcit", name, cells, inputs(plan.runs(cells)), stats, Uncertainty(100, 0.95, 0))
        ),
        *(folder / f"{name}.csv", [folder / f"{name}.{suffix}" for suffix in suffixes]),
    )
    return pd.read_csv(folder / f"{name}.csv", keep_default_na=False, na_values={"value": "", "mean": "", "x": ""})


def histories(folder):
    return lambda runs: {"history": {run: write_history(folder / f"{run.seed}.csv", seed=run.seed) for run in runs}}


def tokens(folder, **changed):
    def written(runs):
        codes, model = write_tokens(folder, **changed)
        return {"codes": dict.fromkeys(runs, codes), "model": dict.fromkeys(runs, model)} if runs else {}

    return written


def test_training(tmp_path):
    frame = build(tmp_path, "figure4", histories(tmp_path), suffixes=("svg",))
    assert set(frame["dataset"]) == {"NYC for AMap"}
    assert set(frame["source"]) == {"mirror"}
    quantities = frame.groupby("panel")["quantity"].unique().map(list).to_dict()
    assert quantities == {
        "a": ["loss", "loss_collaborative", "loss_spatial", "loss_text"],
        "b": ["perplexity_1", "perplexity_2", "perplexity_3"],
        "c": ["collision_rate", "agreement"],
        "d": ["gumbel_temperature"],
    }
    runs = frame.groupby(["quantity", "seed"]).size()
    assert set(runs) == {60}
    assert len(runs) == 30
    first = frame[(frame["quantity"] == "loss") & (frame["seed"].astype(str) == "0")]
    history = pd.read_csv(tmp_path / "0.csv")
    assert np.allclose(first["value"], history["loss"])
    assert first["step"].astype(float).tolist() == history["step"].tolist()
    assert (tmp_path / "figure4.svg").read_text().startswith("<?xml")


def test_a_history_without_these_columns(tmp_path):
    def other(runs):
        (tmp_path / "other.csv").write_text("step,loss,note\n0,1.5,a\n50,1.0,b\n")
        return {"history": dict.fromkeys(runs, tmp_path / "other.csv")}

    frame = build(tmp_path, "figure4", other).set_index("panel")
    assert frame.loc["a", "value"].tolist() == [1.5, 1.0] * 3
    assert set(frame.loc["b", "source"]) == {"not logged: the history has no step with perplexity_*"}


def test_a_history_without_steps(tmp_path):
    def other(runs):
        (tmp_path / "other.csv").write_text("epoch,loss\n0,1.5\n")
        return {"history": dict.fromkeys(runs, tmp_path / "other.csv")}

    frame = build(tmp_path, "figure4", other)
    assert frame["value"].isna().all()
    assert frame["source"].str.startswith("not logged").all()


@pytest.mark.parametrize("name", ["figure4", "figure5", "figure6", "figure7"])
def test_what_is_not_run_says_why(tmp_path, name):
    frame = build(tmp_path, name, lambda runs: {}, suffixes=("svg",), datasets={"NYC": None})
    assert set(frame["source"]) == {"not run: no dataset of this config stands for NYC"}
    assert set(frame["dataset"]) == {"NYC for AMap"}
    assert (tmp_path / f"{name}.svg").exists()


def test_bars_of_views(tmp_path):
    def metrics(runs):
        return {"metrics": {run: write_metrics(tmp_path, run, drawn_ranks(0.3, 100, i)) for i, run in enumerate(runs)}}

    frame = build(tmp_path, "figure5", metrics).set_index("group")
    assert list(frame.index) == ["TX", "IM", "SP", "CF", "TX-IM", "TX-SP", "TX-CF", "SP-CF", "all"]
    assert frame.loc["IM", "source"] == frame.loc["TX-IM", "source"] == "not run: NYC has no image view"
    assert frame["mean"].notna().sum() == 7


def test_embedding(tmp_path):
    frame = build(tmp_path, "figure6", tokens(tmp_path, items=80))
    codes = np.load(tmp_path / "codes.npy")
    distinct = np.unique(codes, axis=0)
    panels = dict(list(frame.groupby("panel")))
    assert list(panels) == ["a", "b", "c"]
    assert len(panels["a"]) == len(distinct)
    assert panels["a"]["items"].sum() == len(codes)
    # The level-1 code with most items, and within it the level-2 code with most.
    assert set(panels["b"]["prefix"]) == {str(np.bincount(codes[:, 0]).argmax())}
    inside = codes[codes[:, 0] == np.bincount(codes[:, 0]).argmax()]
    assert panels["b"]["items"].sum() == len(inside)
    assert set(panels["b"]["code"]) == set(inside[:, 1])
    assert len(panels["c"]) == panels["c"]["code"].nunique()
    assert frame["x"].notna().all()
    assert set(frame["seed"]) == {0}


def test_the_same_input_gives_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        build(tmp_path / folder, "figure4", histories(tmp_path / folder), suffixes=["svg"])
        build(tmp_path / folder, "figure6", tokens(tmp_path / folder, items=40), suffixes=["svg"])
    for name in ("figure4", "figure6"):
        for suffix in ("csv", "svg"):  # a PDF: test_bars.py
            first, second = ((tmp_path / f"{folder}/{name}.{suffix}").read_bytes() for folder in ("a", "b"))
            assert first == second, (name, suffix)


def test_synthetic_data_cannot_hide(tmp_path):
    frame = build(tmp_path, "figure4", histories(tmp_path), source="synthetic")
    assert set(frame["source"]) == {"synthetic"}


def test_the_caption_says_what_the_picture_does_not(tmp_path):
    build(tmp_path, "figure6", tokens(tmp_path, items=40), source="synthetic", suffixes=("svg", "md", "html"))
    caption, page = ((tmp_path / f"figure6.{suffix}").read_text() for suffix in ("md", "html"))
    for text in (caption, page):
        assert "Numbers are the codes of most items." in text
        assert "SYNTHETIC DATA" in text
    assert caption.startswith("![Figure 6: ")
    assert "](figure6.svg)" in caption
    assert page.count("<svg") == 1
    assert "<?xml" not in page


def test_names_of_lines_do_not_cover_each_other():
    axis = Figure().subplots()
    axis.set_ylim(0, 10)
    label_ends(axis, {"high": (9.0, "red"), "low": (1.0, "blue"), "near": (1.1, "green"), "nearer": (1.05, "black")})
    places = {text.get_text(): text.xy[1] for text in axis.texts}
    assert places["low"] == pytest.approx(0.1)
    assert places["high"] == pytest.approx(0.9)
    ordered = [places[name] for name in ("low", "nearer", "near", "high")]
    assert min(np.diff(ordered)) >= 0.07
    assert {text.get_text(): text.get_color() for text in axis.texts}["near"] == "green"
