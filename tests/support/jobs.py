"""What Snakemake gives a script, for tests of jobs without Snakemake."""

from pathlib import Path
from types import SimpleNamespace


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
