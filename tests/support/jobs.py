"""What Snakemake gives a script, for tests of jobs without Snakemake."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from semtok.papers.results import Results
from semtok.plan.definition import CLAIMS


def snakemake_object(inputs: list[str], outputs: list[str], name: str = "job", **params: object) -> SimpleNamespace:
    """The object `snakemake` of a job of rule `name`; its log's folder, below the current one, is made."""
    log = Path("results/logs") / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    return SimpleNamespace(
        rule=name,
        wildcards={"seed": "0"},
        params=params,
        input=inputs,
        output=outputs,
        log=[str(log)],
        threads=1,
    )


def results_of(params: Mapping[str, Any], paper: str, exhibit: str) -> Results:
    """What a job of the papers' rules has: from its params alone, and from the statistics of its datasets."""
    wildcards = {"paper": paper} | ({} if exhibit == CLAIMS else {"exhibit": exhibit})
    named = SimpleNamespace(**wildcards, get=wildcards.get)
    return Results.of_job(SimpleNamespace(params=SimpleNamespace(shown=params), wildcards=named))
