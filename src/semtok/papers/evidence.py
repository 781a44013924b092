"""What a claim is judged by: the comparisons that its kind of test needs, taken from runs."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from semtok.papers.code_evidence import LackingError, judge_diagnostics, judge_phases, judge_purity
from semtok.papers.quantities import COLLISION_RATE, NEIGHBOUR_COLLISION, RANDOM_COLLISION, headlines
from semtok.papers.samples import Measured, Uncertainty
from semtok.papers.seed_tests import paired, welch
from semtok.papers.statistics import Array, Statistic, contrast, difference, relative_gain
from semtok.papers.verdicts import Comparison, Finding, judge_gains, judge_not_worse, judge_order
from semtok.plan.cells import Cell, Run
from semtok.plan.claim_specs import (
    CollisionClaim,
    GainClaim,
    GainContrastClaim,
    NotWorseClaim,
    OrderClaim,
    ShrinkingGainClaim,
    SingleClaim,
)
from semtok.plan.code_claim_specs import DiagnosticsClaim, PhasesClaim, PurityClaim
from semtok.plan.figure_specs import METRIC_NAMES


class Evidence:
    """The runs behind the claims of one exhibit and dataset.

    Args:
        claims: the claims; of those about pairs, some pairs may lack their runs, the others have all of them.
        cells: of this exhibit and dataset.
        ranks: `ranks.parquet` of every run.
        diagnostics: `diagnostics.json` of every run's tokenizer, where it has codes.
        histories: `history.csv` of the tokenizers of claims about training.
        uncertainty: how intervals are made.
    """

    def __init__(
        self,
        claims: Sequence[SingleClaim],
        cells: Sequence[Cell],
        ranks: Mapping[Run, str | Path],
        diagnostics: Mapping[Run, str | Path],
        histories: Mapping[Run, str | Path],
        uncertainty: Uncertainty,
    ) -> None:
        self._claims = claims
        self._runs = {cell.tokenizer: cell.runs for cell in cells}
        self._ranks = ranks
        self._diagnostics = diagnostics
        self._histories = histories
        self._uncertainty = uncertainty

    @cached_property
    def _measured(self) -> Measured:
        """Read once for all claims, and only if one of them is about ranks."""
        columns = dict.fromkeys(column for claim in self._claims for column in columns_of(claim))
        wanted = dict.fromkeys(name for claim in self._claims if columns_of(claim) for name in claim.tokenizers)
        methods = {name: self._runs[name] for name in wanted if self._runs[name]}
        return Measured(self._ranks, methods, list(columns), self._uncertainty)

    def judge(self, claim: SingleClaim) -> tuple[list[Comparison], Finding]:
        """The comparisons behind a claim, and what they say; a `LackingError` if there is nothing to compare."""
        alpha = 1 - self._uncertainty.confidence
        if isinstance(claim, GainClaim):
            comparisons = [
                self._gain(claim.better, claim.worse, [(gain.metric, k) for k in gain.ks]) for gain in claim.gains
            ]
            return comparisons, judge_gains(comparisons, [gain.percent for gain in claim.gains], alpha)
        if isinstance(claim, NotWorseClaim):
            comparisons = [self._gain(claim.better, claim.other, [column]) for column in columns_of(claim)]
            return comparisons, judge_not_worse(comparisons, claim.margin, alpha)
        if isinstance(claim, ShrinkingGainClaim):
            comparisons = self._shrinking(claim)
            return comparisons, judge_order(comparisons, len(comparisons), alpha)
        if isinstance(claim, OrderClaim):
            return self._order(claim, alpha)
        if isinstance(claim, DiagnosticsClaim):
            return judge_diagnostics(claim, self._runs, self._diagnostics, self._uncertainty.confidence)
        if isinstance(claim, PurityClaim):
            return judge_purity(claim, self._runs, self._diagnostics, self._uncertainty.confidence)
        if isinstance(claim, PhasesClaim):
            return judge_phases(claim, self._runs, self._histories)
        if isinstance(claim, GainContrastClaim):
            raise TypeError("a contrast needs the evidence of all its datasets")
        comparisons = self._collisions(claim)
        return comparisons, judge_order(comparisons, len(comparisons), alpha)

    def gain(self, claim: GainContrastClaim, k: int) -> tuple[float, Array]:
        """The gain of a contrast on this dataset, and its draws."""
        better, worse = self._method(claim.better), self._method(claim.worse)
        column = self._column((claim.metric, k))
        relative = claim.scale == "relative"
        statistic = relative_gain(better, worse, [column]) if relative else difference(better, worse, column)
        return self._measured.bootstrap.draws(statistic)

    def _order(self, claim: OrderClaim, alpha: float) -> tuple[list[Comparison], Finding]:
        comparisons, not_run = [], []
        for pair in claim.pairs:
            for column in columns_of(claim):
                if self._runs[pair.higher] and self._runs[pair.lower]:
                    comparisons.append(self._difference(pair.higher, pair.lower, column))
                else:
                    not_run.append(f"{pair.higher} > {pair.lower} in {_name([column])}")
        needed = claim.at_least or len(comparisons) + len(not_run)
        return comparisons, judge_order(comparisons, needed, alpha, not_run)

    def _difference(self, higher: str, lower: str, column: tuple[str, int]) -> Comparison:
        statistic = difference(self._method(higher), self._method(lower), self._column(column))
        return Comparison(f"{higher} > {lower} in {_name([column])}", self._measured.bootstrap.estimate(statistic))

    def _gain(self, better: str, worse: str, columns: Sequence[tuple[str, int]]) -> Comparison:
        statistic = relative_gain(self._method(better), self._method(worse), [self._column(c) for c in columns])
        name = f"the gain of {better} over {worse} in {_name(columns)}"
        return Comparison(name, self._measured.bootstrap.estimate(statistic), "percent")

    def _shrinking(self, claim: ShrinkingGainClaim) -> list[Comparison]:
        better, worse = self._method(claim.better), self._method(claim.worse)

        def step(small: int, large: int) -> Statistic:
            gains = [relative_gain(better, worse, [self._column((claim.metric, k))]) for k in (small, large)]

            def shrinks(means: Array) -> Array:
                return gains[0](means) - gains[1](means)

            return shrinks

        name, estimate = METRIC_NAMES[claim.metric], self._measured.bootstrap.estimate
        return [
            Comparison(f"gain in {name}@{small} > gain in {name}@{large}", estimate(step(small, large)), "percent")
            for small, large in pairwise(claim.ks)
        ]

    def _collisions(self, claim: CollisionClaim) -> list[Comparison]:
        fewer, more = claim.fewer, claim.more
        near, random = self._quantity(more, NEIGHBOUR_COLLISION), self._quantity(more, RANDOM_COLLISION)
        name = f"{more}: {NEIGHBOUR_COLLISION} > {RANDOM_COLLISION}"
        comparisons = [Comparison(name, paired(near, random, self._uncertainty.confidence))]
        for quantity in (COLLISION_RATE, NEIGHBOUR_COLLISION):
            estimate = welch(
                self._quantity(more, quantity), self._quantity(fewer, quantity), self._uncertainty.confidence
            )
            comparisons.append(Comparison(f"{more} > {fewer} in {quantity}", estimate))
        return comparisons

    def _quantity(self, tokenizer: str, quantity: str) -> list[float]:
        if any(run not in self._diagnostics for run in self._runs[tokenizer]):
            raise LackingError(f"{tokenizer} has no codes, and so no {quantity}")
        found = [headlines(self._diagnostics[run]) for run in self._runs[tokenizer]]
        if any(quantity not in values for values in found):
            raise LackingError(f"the diagnostics of {tokenizer} do not hold {quantity}")
        return [values[quantity] for values in found]

    def _method(self, name: str) -> int:
        return self._measured.method(name)

    def _column(self, column: tuple[str, int]) -> int:
        return self._measured.column(*column)


def columns_of(claim: SingleClaim) -> list[tuple[str, int]]:
    """Metric and k of everything that a claim compares; none for a claim about codes."""
    if isinstance(claim, GainClaim):
        return [(gain.metric, k) for gain in claim.gains for k in gain.ks]
    if isinstance(claim, ShrinkingGainClaim | GainContrastClaim):
        return [(claim.metric, k) for k in claim.ks]
    if isinstance(claim, OrderClaim | NotWorseClaim):
        return [(metric, k) for metric in claim.metrics for k in claim.ks]
    return []


def judge_contrast(
    claim: GainContrastClaim, evidence: Mapping[str, Evidence], uncertainty: Uncertainty
) -> tuple[list[Comparison], Finding]:
    """Gains on some datasets against gains on others.

    Args:
        claim: the claim.
        evidence: of each of its datasets.
        uncertainty: how intervals are made.
    """
    comparisons = []
    for k in claim.ks:
        larger, smaller = (
            [evidence[dataset].gain(claim, k) for dataset in datasets] for datasets in (claim.larger, claim.smaller)
        )
        estimate = contrast(larger, smaller, uncertainty.confidence, uncertainty.seed)
        name = f"{claim.scale} gain in {_name([(claim.metric, k)])} on {_and(claim.larger)} > on {_and(claim.smaller)}"
        comparisons.append(Comparison(name, estimate, "percent" if claim.scale == "relative" else "fraction"))
    return comparisons, judge_order(comparisons, len(comparisons), 1 - uncertainty.confidence)


def _and(names: Sequence[str]) -> str:
    return " and ".join(names)


def _name(columns: Sequence[tuple[str, int]]) -> str:
    metric = METRIC_NAMES[columns[0][0]]
    ks = ", ".join(str(k) for _, k in columns)
    return f"{metric}@{ks}" if len(columns) == 1 else f"{metric} (mean over k = {ks})"
