"""From a claim to its verdict: which runs it is about, by what they are judged, and what must be said of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from semtok.errors import ConfigError
from semtok.papers.claims.codes import judge_collisions, judge_diagnostics, judge_purity, judge_reconstruction
from semtok.papers.claims.metrics import judge_contrast, judge_gain, judge_order, judge_shrinking_gain
from semtok.papers.claims.phases import judge_phases
from semtok.papers.claims.runs import ExhibitRuns, LackingError
from semtok.papers.claims.verdicts import SYNTHETIC, Finding, with_few_seeds, with_made_up, without_verdict
from semtok.papers.origin import PLANTED
from semtok.papers.results import Results
from semtok.plan import claim_specs as specs
from semtok.plan.cells import Cell
from semtok.plan.claim_base import Claim
from semtok.plan.remarks import language_models, remarks

JUDGES: dict[type[Claim], Callable[..., Finding]] = {
    specs.GainClaim: judge_gain,
    specs.ShrinkingGainClaim: judge_shrinking_gain,
    specs.OrderClaim: judge_order,
    specs.GainContrastClaim: judge_contrast,
    specs.CollisionClaim: judge_collisions,
    specs.DiagnosticsClaim: judge_diagnostics,
    specs.PurityClaim: judge_purity,
    specs.ReconstructionClaim: judge_reconstruction,
    specs.PhasesClaim: judge_phases,
}
"""Of each kind, what finds its verdict: it takes the claim, and the runs on each of its datasets."""


class Judge:
    """Finds the verdicts of a paper; the metrics of an exhibit on a dataset are read once for all claims about them.

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
        self._runs = {key: ExhibitRuns(results, self._cells[key], those) for key, those in claims.items()}

    def __call__(self, claim: Claim) -> Finding:
        """The verdict on one claim, its reason in sentences."""
        origins = self._results.origins
        if missing := self._missing(claim):
            # Of a paper none of whose data are real, no claim is open either.
            made_up = {origin.source for origin in origins.values()} == {SYNTHETIC}
            return Finding(SYNTHETIC if made_up else "inconclusive", sentences([missing]))
        cells = [cell for cell in self._cells_of(claim) if cell.runs]
        datasets = [dataset for dataset in claim.datasets if any(cell.dataset == dataset for cell in cells)]
        try:
            finding = JUDGES[type(claim)](claim, *(self._runs[claim.exhibit, dataset] for dataset in claim.datasets))
            if seeds := [len(cell.runs) for cell in cells if cell.has_seeds]:
                finding = with_few_seeds(finding, min(seeds))
        except LackingError as error:
            finding = Finding(error.verdict, str(error))
        sources = list(dict.fromkeys(origins[dataset].source for dataset in datasets))
        finding = replace(finding, source="; ".join(sources))
        if SYNTHETIC in sources:
            return without_verdict(finding)
        finding = with_made_up(finding, "; ".join(remarks(cells)))
        about = [*language_models(cells), *(sentence for dataset in datasets for sentence in self._about(dataset))]
        # A direction is judged under other conditions than the paper's, too; a reader must know which.
        terms = [cell.terms for cell in cells]
        told = [one.departures if claim.needs == "metrics" else one.departures_of_codes for one in terms]
        other = list(dict.fromkeys(departure for of_row in told for departure in of_row))
        other = [departure for departure in other if departure not in finding.reason]
        not_as_printed = f"not as printed: {'; '.join(other)}" if other else ""
        return replace(finding, reason=sentences([finding.reason, *about, not_as_printed]))

    def _cells_of(self, claim: Claim) -> list[Cell]:
        for dataset in claim.datasets:
            for name in claim.tokenizers:
                if name not in self._cells.get((claim.exhibit, dataset), {}):
                    raise ConfigError(f"claim {claim.id}: {claim.exhibit} has no {name} on {dataset}")
        return [self._cells[claim.exhibit, dataset][name] for dataset in claim.datasets for name in claim.tokenizers]

    def _missing(self, claim: Claim) -> str:
        """Why the claim cannot be tested: the first of its runs that are lacking; empty if it can be."""
        cells = self._cells_of(claim)
        lacking = [cell for cell in cells if cell.missing]
        if claim.can_be_tested({(cell.dataset, cell.tokenizer) for cell in cells if not cell.missing}):
            return ""
        return f"needs {lacking[0].tokenizer} on {lacking[0].dataset} ({claim.exhibit}): {lacking[0].missing}"

    def _about(self, dataset: str) -> list[str]:
        """What a reader must know of the data; nothing where the claim is about them."""
        real = self._results.origins[dataset].source in ("official", PLANTED)
        return [*self._results.stand_ins([dataset]), "" if real else f"On {self._results.describe(dataset)}"]


def sentences(parts: Sequence[str]) -> str:
    """The parts that are not empty, each as a sentence."""
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts if part)
