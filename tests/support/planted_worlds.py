"""Worlds of known truth for the rules of verdicts: runs of CoST's Table 2 are drawn, and its claims are judged.

    PYTHONPATH=src:tests python -m support.planted_worlds

prints how often each verdict comes, for docs/statistics.md. A user has one target; whether it is found, and where, is
drawn from the method's printed Recall and NDCG (or those of another method, where the world is not as printed). Users
are easy or difficult for every method and seed (`SHARED` of the variance of a normal latent variable), and a seed
multiplies a method's scores by a log-normal factor.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.special import ndtri

from semtok.papers.claims.judge import JUDGES
from semtok.papers.claims.runs import ExhibitRuns
from semtok.papers.claims.verdicts import with_few_seeds
from semtok.papers.measured import Measured
from semtok.papers.statistics import Bootstrap, Sample, Uncertainty
from semtok.plan.cells import Cell, Run
from semtok.plan.definition import load
from semtok.plan.printed import read_printed
from semtok.plan.table_specs import RankingTable
from support.fabricated_results import DEFINITION, PRINTED

USERS = 29_207
SHARED = 0.73
"""With it, an independent copy of a row finds the targets of another as often as on the MIND sample: its interval of
a gain in Recall@5 of [-23.0, +2.6] with 2,963 users comes out as wide."""
KS = (5, 10, 20, 40)
COLUMNS = [(metric, k) for metric in ("ndcg", "recall") for k in KS]
ROWS = {row.tokenizer: row.label for row in load(DEFINITION).exhibit("table2", RankingTable).rows}
_GAINS = 1 / np.log2(np.arange(1, 41) + 1)
_BUCKETS = [(0, 5), (5, 10), (10, 20), (20, 40)]

Row = tuple[np.ndarray, np.ndarray]
"""Recall and NDCG at `KS`."""


def printed() -> dict[str, Row]:
    """Table 2 as it is printed, by tokenizer."""
    numbers = read_printed(PRINTED)

    def values(label: str, metric: str) -> np.ndarray:
        return np.array([numbers.get("table2", "MIND", label, metric, k).value for k in KS])

    return {name: (values(label, "recall"), values(label, "ndcg")) for name, label in ROWS.items()}


def worlds() -> dict[str, dict[str, Row]]:
    """By name, what is true: as printed, the gain half as large, no difference, everything reversed."""
    table = printed()
    order = ["cost", "cost+reconstruction", "rqvae", "random"]
    half = tuple((one + other) / 2 for one, other in zip(table["cost"], table["rqvae"], strict=True))
    return {
        "true": table,
        "half": {**table, "cost": half},
        "null": dict.fromkeys(order, table["rqvae"]),
        "reversed": {name: table[other] for name, other in zip(order, reversed(order), strict=True)},
    }


def draw(row: Row, difficulty: np.ndarray, seeds: int, seed_noise: float, random: np.random.Generator) -> Sample:
    """The runs of one method: [seeds, users, columns]."""
    recall, ndcg = row
    earned = np.zeros((seeds, len(difficulty), len(COLUMNS)))
    shares, found = np.diff(recall, prepend=0), np.diff(ndcg, prepend=0)
    for seed in range(seeds):
        latent = np.sqrt(SHARED) * difficulty + np.sqrt(1 - SHARED) * random.normal(size=len(difficulty))
        edges = ndtri(np.minimum(recall * np.exp(seed_noise * random.normal()), 1))
        bucket = np.searchsorted(edges, latent)
        gain = np.zeros(len(difficulty))
        for i, (first, last) in enumerate(_BUCKETS):
            # The first or the last rank of the bucket, so often that their mean gain is the printed one.
            best, worst = _GAINS[first], _GAINS[last - 1]
            here = bucket == i
            upper = random.random(int(here.sum())) < (found[i] / shares[i] - worst) / (best - worst)
            gain[here] = np.where(upper, best, worst)
        for i in range(len(KS)):
            within = bucket <= i
            earned[seed, :, i], earned[seed, :, len(KS) + i] = gain * within, within
    return Sample(earned, np.ones(len(difficulty)))


class Planted(Measured):
    """Drawn runs."""

    def __init__(self, bootstrap: Bootstrap, methods: list[str]) -> None:
        self.bootstrap, self._methods, self.columns = bootstrap, methods, COLUMNS


def judge(
    world: Mapping[str, Row],
    claims: Iterable[str],
    seeds: int,
    number: int,
    users: int = USERS,
    seed_noise: float = 0.02,
    resamples: int = 1000,
) -> dict[str, str]:
    """The verdicts on `claims` in one draw of a world, the draw's `number` its seed."""
    random = np.random.default_rng([number, seeds])
    difficulty = random.normal(size=users)
    samples = [draw(row, difficulty, seeds, seed_noise, random) for row in world.values()]
    uncertainty = Uncertainty(resamples, 0.95, number)
    cells = {
        name: Cell("table2", "MIND", name, tuple(Run("mind", name, "tiger", seed) for seed in range(seeds)), "")
        for name in world
    }
    results: Any = SimpleNamespace(files={}, origins={}, uncertainty=uncertainty, departures=lambda dataset: [])
    runs = ExhibitRuns(results, cells)
    runs.measured = Planted(Bootstrap(samples, uncertainty), list(world))
    wanted = {claim.id: claim for claim in load(DEFINITION).single_claims if claim.id in set(claims)}
    return {name: with_few_seeds(JUDGES[type(claim)](claim, runs), seeds).verdict for name, claim in wanted.items()}


def frequencies(found: Sequence[Mapping[str, str]]) -> dict[str, Counter[str]]:
    """By claim, how often each verdict came."""
    return {claim: Counter(verdicts[claim] for verdicts in found) for claim in found[0]}


def main() -> None:
    """Print the frequencies of all worlds."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--worlds", nargs="+", default=list(worlds()), choices=list(worlds()))
    arguments.add_argument("--draws", type=int, default=30)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 3, 5])
    arguments.add_argument("--seed-noise", type=float, nargs="+", default=[0.02])
    arguments.add_argument("--users", type=int, default=USERS)
    asked = arguments.parse_args()
    claims = ["C-1", "C-3", "C-4", "C-5", "C-6", "C-15"]
    print("| world | seed noise | seeds | " + " | ".join(claims) + " |")
    for name, world in ((name, worlds()[name]) for name in asked.worlds):
        for noise in asked.seed_noise:
            for seeds in asked.seeds:
                drawn = [judge(world, claims, seeds, i, asked.users, noise) for i in range(asked.draws)]
                counts = frequencies(drawn).values()
                cells = [
                    "/".join(str(count[v]) for v in ("reproduced", "inconclusive", "not reproduced"))
                    for count in counts
                ]
                print(f"| {name} | {noise:.0%} | {seeds} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
