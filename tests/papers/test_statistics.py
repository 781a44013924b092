import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from semtok.errors import DataError
from semtok.papers.statistics import (
    Bootstrap,
    Sample,
    Uncertainty,
    column_of,
    contrast,
    difference,
    holm,
    relative_gain,
    two_sided,
)

UNCERTAINTY = Uncertainty(1000, 0.95, 0)


def sample(values, targets=None, training=None):
    """A sample with one column; values are [seeds, users]."""
    values = np.asarray(values, dtype=float)
    targets = np.ones(values.shape[1]) if targets is None else np.asarray(targets, dtype=float)
    return Sample(values[:, :, None], targets, training)


def bootstrap(*samples, resamples=1000, seed=0):
    return Bootstrap(samples, Uncertainty(resamples, 0.95, seed))


def test_mean_is_over_targets_not_over_users():
    # One user with three targets and two hits, one user with one target and one hit.
    found = bootstrap(sample([[2.0, 1.0]], targets=[3, 1])).estimate(column_of(0, 0))
    assert found.value == pytest.approx(3 / 4)


def test_users_are_resampled_with_all_their_targets():
    # Two users: each resample holds (2,0), (1,1) or (0,2) of them, so only three means are possible.
    boot = bootstrap(sample([[3.0, 0.0]], targets=[3, 1]), resamples=4000)
    drawn = boot._drawn_mean[:, 0, 0]
    values, counts = np.unique(drawn.round(6), return_counts=True)
    assert values.tolist() == [0.0, 0.75, 1.0]
    assert np.allclose(counts / 4000, [0.25, 0.5, 0.25], atol=0.04)


def test_interval_agrees_with_the_formula_for_one_seed():
    hits = np.zeros(5000)
    hits[:350] = 1
    found = bootstrap(sample([hits])).estimate(column_of(0, 0))
    error = np.sqrt(0.07 * 0.93 / 5000)  # 0.0036
    assert found.value == pytest.approx(0.07)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_interval_agrees_with_students_t_where_seeds_are_all_that_varies():
    # Every user earns the same, so that resampling users changes nothing.
    seeds = np.array([0.10, 0.14, 0.15])
    found = bootstrap(sample(np.tile(seeds[:, None], (1, 50))), resamples=40_000).estimate(column_of(0, 0))
    low, high = stats.t.interval(0.95, 2, loc=seeds.mean(), scale=stats.sem(seeds))
    assert found.low == pytest.approx(low, abs=0.004)
    assert found.high == pytest.approx(high, abs=0.004)
    assert bootstrap(sample(np.tile(seeds[:, None], (1, 50)))).std(0, 0) == pytest.approx(seeds.std(ddof=1))


def test_difference_of_seed_means_agrees_with_welch():
    first, second = np.array([0.50, 0.53, 0.51]), np.array([0.46, 0.50, 0.48])
    tiled = [sample(np.tile(values[:, None], (1, 20))) for values in (first, second)]
    found = bootstrap(*tiled, resamples=40_000).estimate(difference(0, 1, 0))
    assert found.p == pytest.approx(stats.ttest_ind(first, second, equal_var=False).pvalue, abs=0.01)


def drawn_together(*trainings):
    """Two rows that the seeds move alike, the first by 0.1 above the second, and what is estimated of them."""
    generator = np.random.default_rng(4)
    users, seeds = generator.random(200), np.array([[-0.06], [0.01], [0.05]])
    noise = generator.normal(0, 0.01, size=(2, 3, 200))
    pair = [sample(users + seeds + extra + noise[i], training=trainings[i]) for i, extra in enumerate((0.1, 0.0))]
    boot = bootstrap(*pair)
    return [boot.estimate(one) for one in (difference(0, 1, 0), column_of(0, 0), column_of(1, 0))]


def test_seeds_of_one_training_move_its_rows_together():
    shared, first, second = drawn_together("trained", "trained")
    assert (shared.low, shared.high) == pytest.approx((0.1, 0.1), abs=0.005)
    # Each row by itself is as uncertain as it was.
    apart, *alone = drawn_together("a", "b")
    assert [first, second] == alone
    assert apart.high - apart.low > 20 * (shared.high - shared.low)


def test_rows_of_trainings_of_their_own_are_independent():
    assert drawn_together("a", "b") == drawn_together(None, None)
    found = drawn_together(None, None)[0]
    # As before trainings were told apart.
    assert (found.low, found.high) == pytest.approx((-0.024814378278325, 0.225082029929514), rel=1e-12)


def test_comparison_is_paired():
    generator = np.random.default_rng(0)
    users = generator.normal(0, 10, size=300)
    better = sample([users + 0.5 + generator.normal(0, 0.1, size=300)])
    found = bootstrap(better, sample([users])).estimate(difference(0, 1, 0))
    assert found.low > 0.4
    assert found.high < 0.6
    assert found.p == pytest.approx(2 / 1001)


def test_relative_gain_in_percent():
    found = bootstrap(sample([[0.3] * 10]), sample([[0.2] * 10])).estimate(relative_gain(0, 1, [0]))
    assert (found.value, found.low, found.high) == pytest.approx((50, 50, 50))


def test_relative_gain_over_nothing_is_unbounded():
    found = bootstrap(sample([[0.3] * 10]), sample([[0.0] * 10])).estimate(relative_gain(0, 1, [0]))
    assert (found.low, found.high, found.p) == (-np.inf, np.inf, 1.0)


def test_same_seed_same_numbers():
    generator = np.random.default_rng(3)
    samples = [sample(generator.random((2, 100))) for _ in range(2)]
    first, again, other = (bootstrap(*samples, seed=s).estimate(difference(0, 1, 0)) for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_different_targets_are_refused():
    with pytest.raises(DataError, match="different targets"):
        bootstrap(sample([[1.0, 0.0]]), sample([[1.0, 0.0]], targets=[2, 1]))


def simulate(seeds, between_seeds, interaction, repetitions=300, users=150):
    """Two methods without a difference, `repetitions` times: p-values, and how often the intervals hold zero."""
    generator = np.random.default_rng(11)
    p_values, mean_covered, difference_covered = [], 0, 0
    for repetition in range(repetitions):
        main = generator.normal(size=users)
        noise = [generator.normal(0, interaction, size=(seeds, users)) for _ in range(2)]
        shift = [generator.normal(0, between_seeds, size=(seeds, 1)) for _ in range(2)]
        boot = bootstrap(*(sample(main + n + s) for n, s in zip(noise, shift, strict=True)), seed=repetition)
        mean, gap = boot.estimate(column_of(0, 0)), boot.estimate(difference(0, 1, 0))
        mean_covered += mean.low <= 0 <= mean.high
        difference_covered += gap.low <= 0 <= gap.high
        p_values.append(gap.p)
    return np.array(p_values), mean_covered / repetitions, difference_covered / repetitions


def test_p_values_are_uniform_without_a_difference():
    p_values, mean_covered, difference_covered = simulate(1, 0.0, 1.0)
    assert stats.kstest(p_values, "uniform").pvalue > 0.01
    assert 0.91 < mean_covered < 0.98
    assert 0.91 < difference_covered < 0.98


@pytest.mark.parametrize(("seeds", "between_seeds", "interaction"), [(3, 0.3, 0.5), (3, 0.05, 1.0), (5, 0.1, 0.7)])
def test_noise_between_seeds_is_not_taken_for_an_effect(seeds, between_seeds, interaction):
    p_values, mean_covered, difference_covered = simulate(seeds, between_seeds, interaction)
    assert np.mean(p_values < 0.05) < 0.08
    # Not so careful either that nothing could ever be shown.
    assert np.mean(p_values < 0.5) > 0.35
    assert 0.91 < mean_covered < 0.99
    assert 0.91 < difference_covered < 0.99


def test_resampling_users_alone_would_take_noise_for_effects():
    """The reason for the second level: with large differences between seeds, users alone mislead."""
    generator = np.random.default_rng(5)
    wrong = 0
    for repetition in range(100):
        pair = [sample(generator.normal(size=(1, 150)) * 0.1 + generator.normal(0, 0.3)) for _ in range(2)]
        wrong += bootstrap(*pair, seed=repetition, resamples=200).estimate(difference(0, 1, 0)).p < 0.05
    assert wrong > 50


def test_two_sided_p_by_hand():
    assert two_sided(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 * 1 / 4)
    assert two_sided(np.array([-1.0, 2.0, 3.0])) == 1.0
    assert two_sided(np.zeros(9)) == 1.0


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.6]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_lowers_and_keeps_the_order(p_values):
    adjusted = holm(p_values)
    assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()
    assert min(adjusted) == pytest.approx(min(1.0, min(p_values) * len(p_values)))


def test_contrast_of_independent_samples():
    """The variance of a difference of independent means is the sum of theirs, though both were drawn with one seed."""
    draws = np.random.default_rng(0).normal(size=4000)
    same = (1.0, 1.0 + draws)
    estimate = contrast([same], [(0.0, draws)], UNCERTAINTY)
    assert estimate.value == 1.0
    assert (estimate.high - estimate.low) / 2 == pytest.approx(1.96 * 2**0.5, rel=0.05)
    # A mean over two datasets varies less.
    estimate = contrast([same, same], [(0.0, draws), (0.0, draws)], UNCERTAINTY)
    assert (estimate.high - estimate.low) / 2 == pytest.approx(1.96, rel=0.05)
    assert contrast([(1.0, draws + np.nan)], [(0.0, draws)], UNCERTAINTY).p == 1.0
