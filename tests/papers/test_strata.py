import json

import numpy as np
import pandas as pd
import pytest

from semtok.errors import DataError
from semtok.papers.figures.strata import make_strata
from semtok.papers.statistics import Uncertainty
from semtok.papers.strata import COLUMNS, strata, tidy
from semtok.plan import cells as plan
from semtok.plan.definition import load
from support.fabricated_results import (
    DEFINITION,
    PRINTED,
    TOKENIZERS,
    paper_config,
    ranks_frame,
    results_from,
    write_stats,
    write_untrained,
)


def of_targets(train_counts, last_had):
    return pd.DataFrame(
        {"train_count": np.array(train_counts, dtype=np.int32), "last_had": pd.array(last_had, dtype="Int32")}
    )


def sizes(found, by):
    return {stratum.name: int(stratum.holds.sum()) for stratum in found if stratum.by == by}


def test_strata_by_hand():
    # The quarters of 1, 1, 2, 3, 5, 8, 9, 9 end at 1, 3 and 8 (numpy's lower quantiles).
    found = strata(of_targets([0, 1, 1, 2, 3, 5, 8, 9, 9], [1, 8, 9, 100, None, None, 2, None, 8]))
    assert sizes(found, "in train") == {"never": 1, "1": 2, "2-3": 2, "5-8": 2, "9": 2}
    assert sizes(found, "had before") == {"last 8": 4, "earlier": 2, "never": 3}


def test_strata_of_equal_targets():
    found = strata(of_targets([4, 4, 4], [None, None, None]))
    assert [(stratum.by, stratum.name) for stratum in found] == [("in train", "4"), ("had before", "never")]
    assert sizes(strata(of_targets([0, 0], [1, None])), "in train") == {"never": 2}


@pytest.mark.parametrize("seed", range(5))
def test_strata_are_a_division_of_all_targets(seed):
    generator = np.random.default_rng(seed)
    back = generator.integers(0, 30, 200)
    found = strata(of_targets(generator.poisson(3, 200), [int(step) or None for step in back]))
    for by in ("in train", "had before"):
        held = np.sum([stratum.holds for stratum in found if stratum.by == by], axis=0)
        assert (held == 1).all()


def results_of(folder, ranks, seeds=(0, 1), facts=(), **changed):
    """Table 2 of made-up ranks, by run; `facts` of its decoding by tokenizer."""
    cells = plan.cells(load(DEFINITION), paper_config(**changed), "table2", list(seeds), TOKENIZERS)
    runs = [run for run in plan.runs(cells) if not run.is_untrained]
    files = {run: folder / f"{run.tokenizer}-{run.seed}.parquet" for run in runs}
    for run, path in files.items():
        ranks(run).to_parquet(path, index=False)
    targets = {"MIND": write_untrained(folder / "untrained.parquet", ranks(runs[0]))} if runs else {}
    stats = {"MIND": write_stats(folder / "stats.json", "mirror", users=8)} if runs else {}
    for name, found in dict(facts).items():
        (folder / f"{name}.json").write_text(json.dumps(found))
    decoded = {run: folder / f"{run.tokenizer}.json" for run in runs if run.tokenizer in dict(facts)}
    found = {"ranks": files, "facts": decoded}
    return results_from(
        *(DEFINITION, PRINTED, "cost", "table2", cells, found, stats, Uncertainty(200, 0.95, 0), targets)
    )


USERS = [0, 0, 0, 1, 1, 2, 3, 3]
BY_SEED = {0: ranks_frame([1, 2, None, 6, 30, 3, None, 11], USERS), 1: ranks_frame([1] * 8, USERS)}


def test_recall_by_hand(tmp_path):
    frame = tidy(results_of(tmp_path, lambda run: BY_SEED[run.seed]))
    assert list(frame.columns) == COLUMNS
    assert set(frame["metric"]) == {"recall"}
    one = frame[(frame["method"] == "L_co (CoST)") & (frame["k"] == 10)].set_index(["by", "stratum"])
    # Users had the even targets before: of those seed 0 finds the first alone, of the odd ones all but the last.
    assert one.loc[("had before", "last 8"), ["targets", "share", "mean"]].tolist() == [4, 0.5, (1 / 4 + 1) / 2]
    assert one.loc[("had before", "never"), "mean"] == pytest.approx((3 / 4 + 1) / 2)
    # Train holds the first target never; it is found.
    assert one.loc[("in train", "never"), ["targets", "mean"]].tolist() == [1, 1]
    assert (one["seeds"] == 2).all()
    assert ((one["ci_low"] <= one["mean"]) & (one["mean"] <= one["ci_high"])).all()
    oracle = frame[(frame["method"] == "Oracle") & (frame["by"] == "in train")]
    assert (oracle["mean"] == (oracle["stratum"] != "never")).all()
    assert frame.set_index("method")["kind"].groupby("method").first().to_dict()["Popularity"] == "untrained"


def test_strata_add_up_to_the_whole(tmp_path):
    frame = tidy(results_of(tmp_path, lambda run: BY_SEED[run.seed]))
    found = (frame["share"] * frame["mean"]).groupby([frame["method"], frame["by"], frame["k"]]).sum()
    whole = {5: (3 / 8 + 1) / 2, 10: (4 / 8 + 1) / 2, 20: (5 / 8 + 1) / 2, 40: (6 / 8 + 1) / 2}
    for by in ("in train", "had before"):
        for k, recall in whole.items():
            assert found["Random", by, k] == pytest.approx(recall)
            assert found["Popularity", by, k] == pytest.approx(min(k, 8) / 8)


def test_ranks_of_other_targets_are_refused(tmp_path):
    frames = {"random": BY_SEED[0], "rqvae": BY_SEED[0], "cost": BY_SEED[0].iloc[:7]}
    with pytest.raises(DataError, match=r"cost-0.parquet: found other targets than in .*untrained.parquet"):
        tidy(results_of(tmp_path, lambda run: frames.get(run.tokenizer, BY_SEED[0]), seeds=[0]))


def test_ranks_that_disagree_with_their_lists_are_refused(tmp_path):
    wrong = BY_SEED[0].assign(rank=BY_SEED[0]["rank"].replace(2, 3))
    frames = {"cost": wrong}
    with pytest.raises(DataError, match=r"cost-0.parquet: target 1: found rank 3"):
        tidy(results_of(tmp_path, lambda run: frames.get(run.tokenizer, BY_SEED[0]), seeds=[0]))


@pytest.mark.parametrize("changed", [{}, {"datasets": {}}])
def test_files(tmp_path, changed):
    results = results_of(tmp_path, lambda run: BY_SEED[run.seed], **changed)
    for name in ("a", "b"):
        make_strata(results, tmp_path / f"{name}.csv", [tmp_path / f"{name}.svg", tmp_path / f"{name}.pdf"])
    for suffix in ("csv", "svg", "pdf"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    assert len(pd.read_csv(tmp_path / "a.csv")) == (0 if changed else (4 + 7) * 4 * len(strata_of(tmp_path)))


def strata_of(folder):
    return strata(pd.read_parquet(folder / "untrained.parquet"))


def test_a_row_whose_beam_is_not_certified_is_marked(tmp_path):
    facts = {"cost": {"overlap@20": 0.8}, "rqvae": {"overlap@20": 0.99}, "random": {"certified_targets": 0}}
    results = results_of(tmp_path, lambda run: BY_SEED[run.seed], facts=facts)
    make_strata(results, tmp_path / "strata.csv", [tmp_path / "strata.svg", tmp_path / "strata.md"])
    drawn = (tmp_path / "strata.svg").read_text()
    assert "<!-- L_co (CoST)† -->" in drawn
    assert "<!-- Random† -->" in drawn
    assert "<!-- L_re (RQ-VAE) -->" in drawn
    assert "not judged" in (tmp_path / "strata.md").read_text()
