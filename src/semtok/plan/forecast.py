"""How long a run will take, told before it starts: from the jobs that ran before, here or on the machine of a config.

    python -m semtok.plan.forecast results/cpu > config/durations/cpu.csv

keeps what was measured for those who have not run anything yet.
"""

import csv
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from semtok.errors import DataError

Kind = tuple[str, ...]
"""What a job is but for its seed: its rule, then its dataset, tokenizer, recommender ..."""
Durations = Mapping[Kind, float]
"""Processor seconds."""


def kind(path: str | Path, folder: str | Path) -> Kind:
    """The kind of the job whose benchmark file is `path`, below `folder`."""
    parts = Path(path).relative_to(folder).with_suffix("").parts
    return parts[:-1] if parts[-1].isdigit() else parts


def measured(folder: str | Path) -> dict[Kind, float]:
    """The median over seeds of the processor seconds in Snakemake's benchmark files below `folder`."""
    found = defaultdict(list)
    for path in sorted(Path(folder).rglob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if row.get("cpu_time") not in (None, "NA"):
                    found[kind(path, folder)].append(float(row["cpu_time"]))
    return {one: statistics.median(seconds) for one, seconds in found.items()}


def read(path: str | Path) -> dict[Kind, float]:
    """What `main` wrote; raises DataError."""
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            return {tuple(row["job"].split("/")): float(row["processor_seconds"]) for row in csv.DictReader(file)}
    except OSError as error:
        raise DataError(f"{path}: the config's `durations` cannot be read ({error.strerror})") from None
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise DataError(f"{path}: expected the columns job and processor_seconds ({error})") from None


def seconds(job: Kind, durations: Durations) -> float | None:
    """What `job` takes by the measured jobs that are most like it; None if its rule was never measured.

    Most like it are those of its rule with most of the other names in common, the first names counting most.
    """
    likeness = {
        other: tuple(a == b for a, b in zip(job, other, strict=False)) for other in durations if other[0] == job[0]
    }
    if not likeness:
        return None
    most = max(likeness.values())
    return statistics.median(durations[other] for other, how in likeness.items() if how == most)


def forecast(jobs: Iterable[Kind], durations: Durations, cores: int) -> str | None:
    """A sentence on how long `jobs` will take on that many cores; None if hardly anything is known."""
    known = [(job, found) for job in jobs if (found := seconds(job, durations)) is not None]
    hours = sum(found for _, found in known) / 3600
    if not known:
        return None
    by_rule: dict[str, float] = defaultdict(float)
    for job, found in known:
        by_rule[job[0]] += found / 3600
    parts = sorted(by_rule.items(), key=lambda item: -item[1])[:3]
    return (
        f"forecast by {len(durations)} measured kinds of jobs: {len(known)} jobs to run, {hours:.1f} processor hours "
        f"({', '.join(f'{rule} {part:.1f}' for rule, part in parts)}), about {hours / cores:.1f} hours on {cores} "
        f"core{'s' * (cores > 1)} that have nothing else to do"
    )


def main(results: str) -> None:
    """Print the durations of a results folder as CSV."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["job", "processor_seconds"])
    for one, duration in sorted(measured(Path(results) / "benchmarks").items()):
        writer.writerow(["/".join(one), round(duration, 1)])


if __name__ == "__main__":
    main(*sys.argv[1:])
