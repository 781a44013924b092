"""What the runs of one exhibit on one dataset measured: all that a claim about them is judged by."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from semtok.papers.claims.equal_terms import Made, obstacle
from semtok.papers.claims.verdicts import SetAside
from semtok.papers.history import steps_of
from semtok.papers.measured import Measured
from semtok.papers.quantities import answers, beam_fault, headlines, use
from semtok.papers.results import Results
from semtok.papers.statistics import Estimate, Statistic
from semtok.plan.cells import Cell
from semtok.plan.claim_base import Claim, Verdict


class LackingError(Exception):
    """The results hold nothing that a claim could be judged by; the message says what is lacking."""

    verdict: Verdict = "inconclusive"


class UnequalError(LackingError):
    """What the claim compares was not made on equal terms; the message says in what."""

    verdict = "not comparable"


class ExhibitRuns:
    """The runs of one exhibit on one dataset; their metrics are read once for all claims.

    Args:
        results: with the files of the runs.
        cells: of this exhibit and dataset, by tokenizer as written in the definition; some may have no runs.
        claims: all that are judged by these runs.
    """

    def __init__(self, results: Results, cells: Mapping[str, Cell], claims: Sequence[Claim] = ()) -> None:
        self._results, self._cells, self._claims = results, cells, claims
        self.uncertainty = results.uncertainty
        self.confidence, self.alpha = results.uncertainty.confidence, 1 - results.uncertainty.confidence

    @cached_property
    def measured(self) -> Measured:
        """Read only if a claim is about metrics."""
        columns = dict.fromkeys(column for claim in self._claims for column in claim.columns)
        wanted = dict.fromkeys(name for claim in self._claims if claim.columns for name in claim.tokenizers)
        methods = {name: self._cells[name].runs for name in wanted if self.built(name)}
        return Measured(self._results.files["metrics"], methods, list(columns), self.uncertainty)

    def built(self, *tokenizers: str) -> bool:
        """Whether all of them have runs."""
        return all(self._cells[name].runs for name in tokenizers)

    def set_aside(
        self, first: str, second: str, count: int, of_codes: bool = False, of_budgets: bool = False
    ) -> SetAside | None:
        """Why `count` comparisons of two tokenizers cannot be made; None if they can.

        of_codes: no recommender has to do with them; of_budgets: they are about how long tokenizers are trained.
        """
        lacking = [name for name in (first, second) if not self.built(name)]
        if lacking:
            return SetAside(count, missing=lacking)
        unequal = obstacle(*(self._made(name, of_codes, of_budgets) for name in (first, second)))
        return SetAside(count, unequal=unequal) if unequal else None

    def check_terms(self, first: str, second: str, of_codes: bool = False) -> None:
        """Raise an `UnequalError` where two tokenizers that have runs are not comparable."""
        if aside := self.set_aside(first, second, 1, of_codes):
            raise UnequalError(aside.unequal)

    def departures(self, *tokenizers: str) -> list[str]:
        """Where the conditions of these rows are not those under which the paper's numbers were made."""
        cells = [self._cells[name] for name in tokenizers]
        of_rows = [departure for cell in cells for departure in cell.terms.departures]
        return list(dict.fromkeys([*self._results.departures(cells[0].dataset), *of_rows]))

    def _made(self, name: str, of_codes: bool, of_budgets: bool) -> Made:
        cell, files = self._cells[name], self._results.files
        origin = self._results.origins.get(cell.dataset)
        histories, facts = files.get("history", {}), {} if of_codes else files.get("facts", {})
        must_equal = cell.terms.equal_steps and not of_budgets
        steps = [steps_of(histories[run]) for run in cell.runs if run in histories] if must_equal else []
        seen = None if of_codes else cell.terms.history
        if seen is not None and origin is not None and origin.longest is not None:
            seen = min(seen, origin.longest)
        fault = beam_fault(facts[run] for run in cell.runs if run in facts)
        model = "" if of_codes else cell.terms.catalogue_model
        return Made(name, seen, cell.terms.vectors, max(filter(None, steps), default=None), fault, model)

    def estimate(self, statistic: Statistic) -> Estimate:
        """Of metrics, over users and seeds."""
        return self.measured.bootstrap.estimate(statistic)

    def diagnostics(self, tokenizer: str) -> list[Path]:
        """The `diagnostics.json` of each seed."""
        return self._of_each_seed("diagnostics", tokenizer, "codes")

    def quantity(self, tokenizer: str, name: str) -> list[float]:
        """What the diagnostics of each seed hold under this name."""
        found = [{**headlines(path), **use(path)} for path in self.diagnostics(tokenizer)]
        if any(name not in values for values in found):
            raise LackingError(f"the diagnostics of {tokenizer} do not hold {name}")
        return [values[name] for values in found]

    def answers(self, tokenizer: str) -> list[dict[str, dict[str, Any]]]:
        """Of each seed, how its dense tokenizer answered on held-out items, by attribute."""
        return [answers(path) for path in self._of_each_seed("dense", tokenizer, "dense tokens")]

    def histories(self, tokenizer: str) -> dict[int, Path]:
        """By seed, what the tokenizer logged while it was trained."""
        found = self._of_each_seed("history", tokenizer, "history")
        return {run.seed: path for run, path in zip(self._cells[tokenizer].runs, found, strict=True)}

    def _of_each_seed(self, what: str, tokenizer: str, name: str) -> list[Path]:
        runs, files = self._cells[tokenizer].runs, self._results.files.get(what, {})
        if any(run not in files for run in runs):
            raise LackingError(f"{tokenizer} has no {name}")
        return [files[run] for run in runs]
