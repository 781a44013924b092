"""Means with intervals, and tests: a paired bootstrap over users, with the noise between seeds added.

A score varies for two reasons: other users, and another seed of trained encoders, tokenizer and recommender. Users are
resampled with replacement, the same ones for every method (so that comparisons are paired), with all their targets.
Seeds are few (three, often one), and resampling three values tells too little about their mean: instead, each resample
is shifted by a draw from Student's t, scaled to the standard error of a mean over seeds. What the users explain is not
counted twice: the part of the spread between seeds that resampling the users already brings is taken off first.
Methods that share a training (they are decoded otherwise) share its noise: their seeds vary together.
With one seed the noise between seeds is unknown, and an interval speaks of that one trained model only.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from semtok.errors import DataError

Array = npt.NDArray[np.float64]
Statistic = Callable[[Array], Array]
"""From [..., methods, columns] (means over seeds) to [...]."""

_CELLS = 2_000_000
"""Counts held at a time while resampling: about 50 MB."""


@dataclass(frozen=True)
class Sample:
    """One method on one dataset: what its runs earn."""

    earned: Array
    """[seeds, users, columns]: sums over each user's targets."""
    targets: Array
    """[users]: the number of each user's targets."""
    training: Hashable = None
    """What its runs were trained as, seed by seed: samples of one training vary with the same seeds. None: alone."""

    def means(self) -> Array:
        """[seeds, columns]: averages over targets."""
        result: Array = self.earned.sum(axis=1) / self.targets.sum()
        return result


@dataclass(frozen=True)
class Uncertainty:
    """How intervals are made: the config's `evaluation`."""

    bootstrap_samples: int
    confidence: float
    seed: int


@dataclass(frozen=True)
class Estimate:
    """A value, its interval, and the two-sided p-value of the hypothesis that it is zero."""

    value: float
    low: float
    high: float
    p: float


class Bootstrap:
    """Methods on the same users, and their resamples.

    Args:
        samples: one a method, over the same users in the same order.
        uncertainty: of the users, how they are resampled.

    Raises:
        DataError: the samples are of different users or columns.
    """

    def __init__(self, samples: Sequence[Sample], uncertainty: Uncertainty) -> None:
        targets = samples[0].targets
        columns = samples[0].earned.shape[2]
        for sample in samples:
            if not np.array_equal(sample.targets, targets) or sample.earned.shape[2] != columns:
                raise DataError("found methods that were tested on different targets; expected the same for all")
        self._uncertainty = uncertainty
        self._per_seed = [sample.means() for sample in samples]
        self._mean = np.stack([means.mean(axis=0) for means in self._per_seed])
        self._together = _of_one_training(samples)
        self._drawn = _resample(samples, uncertainty.bootstrap_samples, np.random.default_rng(uncertainty.seed))
        self._drawn_mean = np.stack([drawn.mean(axis=1) for drawn in self._drawn], axis=1)

    def std(self, method: int, column: int) -> float:
        """Standard deviation over seeds; NaN for a single seed."""
        means = self._per_seed[method][:, column]
        return float(means.std(ddof=1)) if len(means) > 1 else float("nan")

    def estimate(self, statistic: Statistic) -> Estimate:
        """The value of `statistic` with its interval (percentiles) and p-value (the interval's inversion).

        A statistic that is not defined on some resample (a division by zero) has an unbounded interval and p = 1.
        """
        return _estimate(*self.draws(statistic), self._uncertainty.confidence)

    def draws(self, statistic: Statistic) -> tuple[float, Array]:
        """The value of `statistic`, and its values on the resamples, with the noise between seeds added."""
        return float(statistic(self._mean)), statistic(self._drawn_mean) + self._seed_noise(statistic)

    def _seed_noise(self, statistic: Statistic) -> Array | float:
        """[resamples]: draws of the noise of a mean over seeds, linearised: one training's seeds vary at a time."""
        variances, freedoms = [], []
        for methods in self._together:
            seeds = len(self._per_seed[methods[0]])
            if seeds == 1:
                continue
            values = statistic(_replace(self._mean[None], {method: self._per_seed[method] for method in methods}))
            moved = statistic(_replace(self._drawn_mean[:, None], {method: self._drawn[method] for method in methods}))
            if not (np.isfinite(values).all() and np.isfinite(moved).all()):
                return float("nan")
            by_users = np.var(moved - moved.mean(axis=1, keepdims=True), axis=0).mean() * seeds / (seeds - 1)
            variances.append(max(float(np.var(values, ddof=1) - by_users), 0.0) / seeds)
            freedoms.append(seeds - 1)
        total = sum(variances)
        if total == 0:
            return 0.0
        # Welch and Satterthwaite's degrees of freedom for a sum of variances.
        freedom = total**2 / sum(v**2 / f for v, f in zip(variances, freedoms, strict=True))
        # Evenly spaced quantiles, shuffled: draws of a heavy tail would make an interval's ends a matter of luck.
        count = len(self._drawn_mean)
        quantiles = stdtrit(freedom, (np.arange(count) + 0.5) / count)
        noise: Array = np.sqrt(total) * np.random.default_rng([self._uncertainty.seed, 1]).permutation(quantiles)
        return noise


def column_of(method: int, column: int) -> Statistic:
    """One method's metric."""
    return lambda means: means[..., method, column]


def difference(first: int, second: int, column: int) -> Statistic:
    """By how much the first method is above the second."""
    return lambda means: means[..., first, column] - means[..., second, column]


def relative_gain(first: int, second: int, columns: Sequence[int]) -> Statistic:
    """The first method's improvement over the second in percent, averaged over `columns`."""

    def gain(means: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = means[..., first, :][..., columns] / means[..., second, :][..., columns]
        result: Array = 100 * (ratios - 1).mean(axis=-1)
        return result

    return gain


def contrast(
    first: Sequence[tuple[float, Array]], second: Sequence[tuple[float, Array]], uncertainty: Uncertainty
) -> Estimate:
    """Mean of `first` less mean of `second`, which are draws on different users and so independent.

    Each is shuffled on its own, as draws of one seed of the resampling would otherwise go together.
    """
    order = np.random.default_rng([uncertainty.seed, 2])
    value = float(np.mean([v for v, _ in first]) - np.mean([v for v, _ in second]))
    means = [np.mean([order.permutation(drawn) for _, drawn in draws], axis=0) for draws in (first, second)]
    return _estimate(value, means[0] - means[1], uncertainty.confidence)


def _estimate(value: float, drawn: Array, confidence: float) -> Estimate:
    if not np.isfinite(value) or not np.isfinite(drawn).all():
        return Estimate(value, float("-inf"), float("inf"), 1.0)
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(value, float(low), float(high), two_sided(drawn))


def two_sided(drawn: Array) -> float:
    """p-value of the hypothesis zero: twice the smaller share of resamples on either side, themselves counted in."""
    count = len(drawn) + 1
    below, above = (1 + np.sum(drawn <= 0)) / count, (1 + np.sum(drawn >= 0)) / count
    return float(min(1.0, 2 * min(below, above)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjustment for several tests that make one claim: adjusted p-values in the given order."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, dtype=float)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in adjusted]


def _resample(samples: Sequence[Sample], resamples: int, generator: np.random.Generator) -> list[Array]:
    """For each method [resamples, seeds, columns]: means over targets of users drawn with replacement."""
    targets = samples[0].targets
    users = len(targets)
    flat = [np.moveaxis(sample.earned, 1, 0).reshape(users, -1) for sample in samples]
    table = np.concatenate([targets[:, None], *flat], axis=1)
    totals = []
    chunk = max(1, _CELLS // users)
    for start in range(0, resamples, chunk):
        rows = min(chunk, resamples - start)
        drawn = generator.integers(0, users, size=(rows, users)) + users * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * users).reshape(rows, users)
        totals.append(counts.astype(np.float64) @ table)
    total = np.concatenate(totals)
    means = np.split(total[:, 1:] / total[:, :1], np.cumsum([part.shape[1] for part in flat])[:-1], axis=1)
    return [part.reshape(resamples, *sample.earned.shape[::2]) for part, sample in zip(means, samples, strict=True)]


def _of_one_training(samples: Sequence[Sample]) -> list[list[int]]:
    """The indices of the samples, those of one training together."""
    found: dict[Hashable, list[int]] = {}
    for index, sample in enumerate(samples):
        found.setdefault(("alone", index) if sample.training is None else ("as", sample.training), []).append(index)
    return list(found.values())


def _replace(means: Array, rows: Mapping[int, Array]) -> Array:
    """`means` [..., methods, columns] with some methods' rows replaced by others [..., columns], broadcast."""
    shapes = [values.shape[:-1] for values in rows.values()]
    result = np.broadcast_to(means, (*np.broadcast_shapes(means.shape[:-2], *shapes), *means.shape[-2:])).copy()
    for method, values in rows.items():
        result[..., method, :] = values
    return result
