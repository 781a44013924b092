"""From a claim to its verdict: which runs it is about, by what they are judged, and what must be said of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from semtok.errors import ConfigError
from semtok.papers.claims.codes import judge_collisions, judge_diagnostics, judge_purity
from semtok.papers.claims.phases import judge_phases
from semtok.papers.claims.runs import ExhibitRuns, LackingError
from semtok.papers.claims.scores import judge_contrast, judge_gain, judge_order, judge_shrinking_gain
from semtok.papers.claims.verdicts import Finding, with_few_seeds
from semtok.papers.origin import data_caveat, stand_in
from semtok.papers.results import Results
from semtok.plan import claim_specs as specs
from semtok.plan.cells import Cell, remarks
from semtok.plan.claim_base import Claim

JUDGES: dict[type[Claim], Callable[..., Finding]] = {
    specs.GainClaim: judge_gain,
    specs.ShrinkingGainClaim: judge_shrinking_gain,
    specs.OrderClaim: judge_order,
    specs.GainContrastClaim: judge_contrast,
    specs.CollisionClaim: judge_collisions,
    specs.DiagnosticsClaim: judge_diagnostics,
    specs.PurityClaim: judge_purity,
    specs.PhasesClaim: judge_phases,
}
"""Of each kind, what finds its verdict: it takes the claim, and the runs on each of its datasets."""


class Judge:
    """Finds the verdicts of a paper; the scores of an exhibit on a dataset are read once for all claims about them.

    Raises:
        ConfigError: a claim names a tokenizer that its exhibit does not have.
    """

    def __init__(self, results: Results) -> None:
        self._results = results
        self._cells: dict[tuple[str, str], dict[str, Cell]] = {}
        for cell in results.cells:
            self._cells.setdefault((cell.exhibit, cell.dataset), {})[cell.tokenizer] = cell
        claims: dict[tuple[str, str], list[Claim]] = {}
        for claim in results.content.single_claims:
            for dataset in [] if self._missing(claim) else claim.datasets:
                claims.setdefault((claim.exhibit, dataset), []).append(claim)
        self._runs = {key: ExhibitRuns(results, those, self._cells[key]) for key, those in claims.items()}

    def __call__(self, claim: Claim) -> Finding:
        """The verdict on one claim, its reason in sentences."""
        if missing := self._missing(claim):
            return Finding("inconclusive", sentences([missing]))
        cells = self._cells_of(claim)
        try:
            finding = JUDGES[type(claim)](claim, *(self._runs[claim.exhibit, dataset] for dataset in claim.datasets))
            finding = with_few_seeds(finding, min(len(cell.runs) for cell in cells if cell.runs))
        except LackingError as error:
            finding = Finding("inconclusive", str(error))
        about = [sentence for dataset in claim.datasets for sentence in self._about(dataset)]
        return replace(
            finding,
            reason=sentences([finding.reason, *about, *remarks(cells)]),
            source="; ".join(dict.fromkeys(self._results.origins[dataset].source for dataset in claim.datasets)),
        )

    def _cells_of(self, claim: Claim) -> list[Cell]:
        for dataset in claim.datasets:
            for name in claim.tokenizers:
                if name not in self._cells.get((claim.exhibit, dataset), {}):
                    raise ConfigError(f"claim {claim.id}: {claim.exhibit} has no {name} on {dataset}")
        return [self._cells[claim.exhibit, dataset][name] for dataset in claim.datasets for name in claim.tokenizers]

    def _missing(self, claim: Claim) -> str:
        """Why the claim cannot be tested: the first of its runs that are lacking; empty if it can be."""
        lacking = [cell for cell in self._cells_of(claim) if cell.missing]
        if claim.can_be_tested(set(claim.tokenizers) - {cell.tokenizer for cell in lacking}):
            return ""
        return f"needs {lacking[0].tokenizer} on {lacking[0].dataset} ({claim.exhibit}): {lacking[0].missing}"

    def _about(self, dataset: str) -> list[str]:
        content, origin = self._results.content, self._results.origins[dataset]
        users = self._results.printed.get("table1", content.runs_on(dataset), "", "users")
        return [stand_in(content.about(dataset)), data_caveat(dataset, origin, users.value if users else None)]


def sentences(parts: Sequence[str]) -> str:
    """The parts that are not empty, each as a sentence."""
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts if part)
