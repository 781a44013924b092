import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from semtok.errors import ConfigError, DataError
from semtok.papers.measured import Measured
from semtok.papers.metrics import (
    EVERY_ITEM,
    OF_RANKS,
    UserMetrics,
    beam_width,
    check_cutoff,
    evaluate_run,
    expected_of_random,
    printed_back,
    read_metrics,
    read_ranks,
    user_metrics,
)
from semtok.papers.statistics import Uncertainty
from semtok.plan.cells import Run
from semtok.plan.metrics import METRICS
from support.fabricated_results import ranks_frame, write_metrics

rank_lists = st.lists(st.one_of(st.none(), st.integers(1, 20)), min_size=1, max_size=30)


def values(ranks, ks, users=None):
    means = user_metrics(ranks_frame(ranks, users, beam=20), ks).means()
    return {(row.metric, row.k): row.value for row in means.itertuples()}


def test_by_hand():
    found = values([1, 3, None, 6], [1, 5, 10])
    assert found["recall", 1] == 1 / 4
    assert found["recall", 5] == 2 / 4
    assert found["recall", 10] == 3 / 4
    assert found["ndcg", 1] == 1 / 4
    assert found["ndcg", 5] == pytest.approx((1 + 1 / 2) / 4)
    assert found["ndcg", 10] == pytest.approx((1 + 1 / 2 + 1 / math.log2(7)) / 4)


def test_averages_over_targets_and_tells_the_average_over_users_apart():
    means = user_metrics(ranks_frame([1, None, None, 1], users=[7, 7, 7, 9]), [5]).means()
    recall = means[means["metric"] == "recall"].iloc[0]
    assert recall["value"] == 2 / 4
    assert recall["user_value"] == pytest.approx((1 / 3 + 1) / 2)
    assert (recall["targets"], recall["users"]) == (4, 2)


@settings(max_examples=30, deadline=None)
@given(rank_lists)
def test_ndcg_agrees_with_scikit_learn(ranks):
    relevance = np.zeros((len(ranks), 21))
    for row, rank in enumerate(ranks):
        # Rank r is position r - 1 of the beam; an item that was not found stands behind everything.
        relevance[row, 20 if rank is None else rank - 1] = 1
    scores = np.tile(np.arange(21, 0, -1), (len(ranks), 1))
    for k in (1, 5, 20):
        assert values(ranks, [k])["ndcg", k] == pytest.approx(ndcg_score(relevance, scores, k=k))


@settings(max_examples=30, deadline=None)
@given(rank_lists)
def test_what_holds_for_every_ranking(ranks):
    found = values(ranks, range(1, 21))
    for k in range(1, 21):
        recall, ndcg = found["recall", k], found["ndcg", k]
        assert 0 <= ndcg <= recall <= 1
        top = [rank for rank in ranks if rank is not None and rank <= k]
        assert math.isclose(ndcg, recall) == all(rank == 1 for rank in top)
        if k > 1:
            step = recall - found["recall", k - 1]
            assert step >= 0
            assert ndcg - found["ndcg", k - 1] == pytest.approx(step / math.log2(k + 1))


@settings(max_examples=30, deadline=None)
@given(rank_lists, st.randoms())
def test_order_of_targets_does_not_matter(ranks, random):
    shuffled = list(ranks)
    random.shuffle(shuffled)
    before, after = values(ranks, [5]), values(shuffled, [5])
    assert before["ndcg", 5] == pytest.approx(after["ndcg", 5])
    assert before["recall", 5] == pytest.approx(after["recall", 5])


def test_the_beam_bounds_k():
    frame = ranks_frame([1, 2], beam=10)
    assert beam_width(frame) == 10
    found = user_metrics(frame, [10, 11])
    assert found.column("recall", 10).tolist() == [1, 1]
    assert set(found.means()["k"]) == {10}
    with pytest.raises(ConfigError, match="k = 11; expected 1 to 10"):
        found.column("recall", 11)
    with pytest.raises(ConfigError, match="k = 0"):
        check_cutoff(0, 10)


def test_unknown_metric():
    with pytest.raises(DataError, match="expected mrr@5 among them"):
        user_metrics(ranks_frame([1]), [5]).column("mrr", 5)


@pytest.mark.parametrize(
    ("earned", "says"),
    [
        ({("recall", 5): 0.1, ("ndcg", 5): 0.2}, r"ndcg@5 = 0.2 above recall@5 = 0.1"),
        ({("recall", 5): 1.1}, r"expected a value in \[0, 1\]"),
    ],
)
def test_impossible_means_are_refused(earned, says):
    sums = {key: np.array([value]) for key, value in earned.items()}
    with pytest.raises(DataError, match=says):
        UserMetrics(np.array([0]), np.ones(1), sums, EVERY_ITEM, "").means()


def broken_ranks():
    def rank_without_hit(frame):
        frame.loc[2, "rank"] = 3

    def hit_without_rank(frame):
        frame.loc[0, "rank"] = pd.NA

    def another_position(frame):
        frame.loc[1, "rank"] = 4

    def beyond_the_beam(frame):
        frame.loc[1, "rank"] = 51

    def behind_the_beam_with_others_unknown(frame):
        frame.loc[2, "rank"] = 51
        frame.loc[0, "rank"] = pd.NA
        frame.loc[0, "item"] = 77

    return [
        rank_without_hit,
        hit_without_rank,
        another_position,
        beyond_the_beam,
        behind_the_beam_with_others_unknown,
    ]


@pytest.mark.parametrize("breaking", broken_ranks(), ids=lambda breaking: breaking.__name__)
def test_a_rank_must_agree_with_its_beam(tmp_path, breaking):
    frame = ranks_frame([1, 3, None])
    breaking(frame)
    frame.to_parquet(tmp_path / "ranks.parquet", index=False)
    with pytest.raises(DataError, match=r"ranks.parquet: target [012]: found rank"):
        read_ranks(tmp_path / "ranks.parquet")


def test_a_full_ranking_knows_ranks_behind_its_list(tmp_path):
    frame = ranks_frame([1, 3, None])
    frame.loc[2, "rank"] = 51
    frame.to_parquet(tmp_path / "ranks.parquet", index=False)
    ranks = read_ranks(tmp_path / "ranks.parquet")
    assert user_metrics(ranks, [50]).column("recall", 50).tolist() == [1, 1, 0]
    frame.loc[2, "rank"] = 50
    frame.to_parquet(tmp_path / "ranks.parquet", index=False)
    with pytest.raises(DataError, match="target 2: found rank 50"):
        read_ranks(tmp_path / "ranks.parquet")


def test_other_bad_files(tmp_path):
    path = tmp_path / "ranks.parquet"
    path.write_text("no parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_ranks(path)
    ranks_frame([1]).drop(columns="top").to_parquet(path)
    with pytest.raises(DataError, match="expected also top"):
        read_ranks(path)
    ranks_frame([1]).iloc[:0].to_parquet(path)
    with pytest.raises(DataError, match="no targets"):
        read_ranks(path)
    pd.concat([ranks_frame([1]), ranks_frame([2])]).to_parquet(path)
    with pytest.raises(DataError, match="target 0 is there twice"):
        read_ranks(path)


@pytest.mark.parametrize("k", [1, 10, 50])
def test_uniform_guess_hits_in_proportion_to_k(k):
    generator = np.random.default_rng(k)
    drawn = generator.integers(1, 101, size=2000)
    found = user_metrics(ranks_frame([int(rank) if rank <= 50 else None for rank in drawn]), [k])
    recall = found.column("recall", k).mean()
    assert abs(recall - k / 100) < 5 * math.sqrt(0.25 / 2000)


@settings(max_examples=30, deadline=None)
@given(rank_lists)
def test_the_defective_ndcg_is_one_number_times_log2_of_k_and_the_honest_one_is_bounded(ranks):
    """S-I1: the public code gave log2(k + 1) / log2(rank + 1) to every target of the beam, whatever k."""
    found = user_metrics(ranks_frame(ranks, beam=20), [5, 10, 20])
    by_hand = [0 if rank is None else math.log2(6) / math.log2(rank + 1) for rank in ranks]
    assert found.column("ndcg_defective", 5).sum() == pytest.approx(sum(by_hand))
    ratios = [found.column("ndcg_defective", k).sum() / math.log2(k + 1) for k in (5, 10, 20)]
    assert ratios == pytest.approx([found.column("beam_dcg", k).sum() for k in (5, 10, 20)])
    assert ratios == pytest.approx([found.column("ndcg", 20).sum()] * 3)
    for k in (5, 10, 20):
        assert (found.column("ndcg", k) <= found.column("recall", k)).all()


def test_the_defective_ndcg_is_over_twenty_items_however_wide_the_beam():
    found = user_metrics(ranks_frame([1, 20, 21, None], beam=50), [5, 10, 20])
    assert found.column("ndcg_defective", 5).tolist() == pytest.approx(
        [math.log2(6), math.log2(6) / math.log2(21), 0, 0]
    )
    assert ("ndcg_defective", 5) not in found.earned
    narrow = user_metrics(ranks_frame([1], beam=10), [5])
    with pytest.raises(ConfigError, match="k = 20; expected 1 to 10, the beam"):
        narrow.column("ndcg_defective", 5)


def test_printed_numbers_are_divided_back():
    """STORE on MIND: 0.1785, 0.2389 and 0.3033 are one DCG over the beam (docs/methods.md, "Metrics")."""
    found = [printed_back("beam_dcg", *number) for number in ((0.1785, 5), (0.2389, 10), (0.3033, 20))]
    assert found == pytest.approx([0.06905, 0.06906, 0.06905], abs=1e-5)
    with pytest.raises(ConfigError, match="'recall'; expected one that is printed as another"):
        printed_back("recall", 0.1, 5)


def test_a_random_list_by_the_defective_formula():
    expected = expected_of_random("ndcg", 20, 500)
    assert expected_of_random("beam_dcg", 5, 500) == pytest.approx(expected)
    assert expected_of_random("ndcg_defective", 5, 500) == pytest.approx(math.log2(6) * expected)


RUN, OTHER = Run("mind", "cost", "tiger", 0), Run("mind", "rqvae", "tiger", 0)


def written(folder, frame, ks):
    frame.to_parquet(folder / "ranks.parquet", index=False)
    evaluate_run(folder / "ranks.parquet", ks, folder / "metrics.csv", folder / "metrics.parquet")
    return read_metrics(folder / "metrics.parquet")


def test_sums_over_each_users_targets(tmp_path):
    frame = ranks_frame([1, 3, None, 6], users=[7, 9, 7, 9]).sample(frac=1, random_state=0)
    metrics = written(tmp_path, frame, [5, 10])
    assert metrics.users.tolist() == [7, 9]
    assert metrics.targets.tolist() == [2, 2]
    assert metrics.column("recall", 5).tolist() == [1, 1]
    assert metrics.column("recall", 10).tolist() == [1, 2]
    assert metrics.column("ndcg", 10).tolist() == pytest.approx([1, 1 / 2 + 1 / math.log2(7)])
    means = pd.read_csv(tmp_path / "metrics.csv").set_index(["metric", "k"])
    for (metric, k), earned in metrics.earned.items():
        assert means.loc[(metric, k), "value"] == pytest.approx(earned.sum() / 4)
    assert means.loc[("recall", 10), ["user_value", "targets", "users"]].tolist() == [0.75, 4, 2]


def test_the_file_keeps_every_number(tmp_path):
    frame = ranks_frame([1, 3, None, 6], users=[7, 9, 7, 9])
    kept, made = written(tmp_path, frame, [5, 10]), user_metrics(frame, [5, 10])
    assert (kept.beam, kept.checksum) == (made.beam, made.checksum)
    assert list(kept.earned) == list(made.earned)
    assert all(np.array_equal(kept.earned[key], made.earned[key]) for key in made.earned)


def test_a_beam_tells_nothing_beyond_itself(tmp_path):
    metrics = written(tmp_path, ranks_frame([1, 2], beam=10), [5, 100])
    assert set(pd.read_csv(tmp_path / "metrics.csv")["k"]) == {5}
    with pytest.raises(ConfigError, match="k = 100; expected 1 to 10, the beam"):
        metrics.column("recall", 100)
    with pytest.raises(DataError, match="expected recall@7 among them"):
        metrics.column("recall", 7)


def test_ranks_are_checked_before_they_count(tmp_path):
    frame = ranks_frame([1, 3])
    frame.loc[1, "rank"] = 4
    with pytest.raises(DataError, match="target 1: found rank 4"):
        written(tmp_path, frame, [5])


@pytest.mark.parametrize("change", [{"user": 5}, {"item": 5, "rank": None}, {"target": 5}])
def test_runs_on_other_targets_are_not_compared(tmp_path, change):
    paths = {RUN: write_metrics(tmp_path, RUN, ranks_frame([1, None]))}
    other = ranks_frame([1, None])
    for column, value in change.items():
        other.loc[1, column] = value
    paths[OTHER] = write_metrics(tmp_path, OTHER, other)
    with pytest.raises(DataError, match="found other targets than in"):
        Measured(paths, {"cost": [RUN], "rqvae": [OTHER]}, [("recall", 5)], Uncertainty(100, 0.95, 0))


def test_what_is_no_file_of_scores(tmp_path):
    path = tmp_path / "metrics.parquet"
    path.write_text("no parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_metrics(path)
    ranks_frame([1]).to_parquet(path)
    with pytest.raises(DataError, match="expected the metrics of a run"):
        read_metrics(path)


def test_every_metric_of_ranks_is_computed():
    assert list(OF_RANKS) == [name for name, entry in METRICS.items() if entry.needs == "ranks"]
