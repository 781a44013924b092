"""Which jobs there are, by rule, dataset, method and seed: more than counts, less than a page a job."""

from collections.abc import Iterable, Iterator, Mapping

JobName = tuple[str, Mapping[str, str]]
"""A rule and the wildcards of its job, in the order of the path."""


def job_list(jobs: Iterable[JobName]) -> Iterator[str]:
    """A line for each rule and dataset (or paper), in the order in which they come first."""
    found: dict[tuple[str, str], dict[str, list[int]]] = {}
    for rule, wildcards in jobs:
        names = dict(wildcards)
        where = names.pop("dataset", None) or names.pop("paper", "")
        seed = names.pop("seed", None)
        seeds = found.setdefault((rule, where), {}).setdefault(" ".join(names.values()), [])
        seeds += [int(seed)] if seed is not None else []
    for (rule, where), methods in found.items():
        # Methods with the same seeds stand together.
        together: dict[tuple[int, ...], list[str]] = {}
        for method, seeds in sorted(methods.items()):
            together.setdefault(tuple(sorted(seeds)), []).append(method)
        parts = [f"{', '.join(filter(None, names))}{_seeds(seeds)}" for seeds, names in together.items()]
        yield " ".join(filter(None, [rule, where])) + (": " + "; ".join(parts) if any(parts) else "")


def _seeds(seeds: tuple[int, ...]) -> str:
    return f" (seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))})" if seeds else ""
