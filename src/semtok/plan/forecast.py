"""How long a run will take, told before it starts: from the jobs that ran before, here or on the machine of a config.

    python -m semtok.plan.forecast results/cpu > config/durations/cpu.csv

keeps what was measured for those who have not run anything yet. Of a job whose rule never ran there is the limit of its
time alone, which the rule asks a cluster for.
"""

import csv
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from semtok.errors import DataError, SemtokError
from semtok.run.files import read_json
from semtok.run.records import RECORDS
from semtok.run.summary import time_in_words

JobKind = tuple[str, ...]
"""What a job is but for its seed: its rule, then its dataset, tokenizer, recommender ..."""
LENGTHS = ("epochs", "steps", "samples_per_epoch")
"""Options that a training takes as much longer as they are larger."""


class FinishedJob(NamedTuple):
    """Of a job that ran."""

    seconds: float
    """Of a processor."""
    config: Any = None
    """Its slice of the config; None where no record tells."""
    size: int | None = None
    """Bytes of what it wrote; None where that is not here."""


class PlannedJob(NamedTuple):
    """A job that is to run."""

    kind: JobKind
    config: Any
    minutes: int | None = None
    """Of a clock: the limit that its rule has (`runtime`)."""
    gpus: int = 0
    """That its rule asks a cluster for."""


Durations = Mapping[JobKind, list[FinishedJob]]


def kind(path: str | Path, folder: str | Path) -> JobKind:
    """The kind of the job whose benchmark file is `path`, below `folder`."""
    parts = Path(path).relative_to(folder).with_suffix("").parts
    return parts[:-1] if parts[-1].isdigit() else parts


def measured(folder: str | Path) -> dict[JobKind, list[FinishedJob]]:
    """The jobs that have Snakemake's benchmark files below `folder`; what they were is in the records beside it."""
    found: dict[JobKind, list[FinishedJob]] = defaultdict(list)
    for path in sorted(Path(folder).rglob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            times = [row.get("cpu_time") for row in csv.DictReader(file, delimiter="\t")]
        record = Path(folder).parent / RECORDS / path.relative_to(folder).with_suffix(".json")
        found[kind(path, folder)] += [_measured(float(time), record) for time in times if time not in (None, "NA")]
    return {one: jobs for one, jobs in found.items() if jobs}


def _measured(seconds: float, record: Path) -> FinishedJob:
    with suppress(SemtokError, OSError, KeyError, TypeError):  # without a record, or with a damaged one
        told = read_json(record)
        outputs = [Path(output["path"]) for output in told["outputs"]]
        is_here = all(output.is_file() for output in outputs)
        return FinishedJob(
            seconds, told["config"], sum(output.stat().st_size for output in outputs) if is_here else None
        )
    return FinishedJob(seconds)


def read_durations(path: str | Path) -> dict[JobKind, list[FinishedJob]]:
    """What `main` wrote; raises DataError."""
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        found: dict[JobKind, list[FinishedJob]] = defaultdict(list)
        for row in rows:
            # Of before they were kept, there are none.
            lengths = {name: int(row[name]) for name in LENGTHS if row.get(name)}
            size = int(row["bytes"]) if row.get("bytes") else None
            found[tuple(row["job"].split("/"))].append(
                FinishedJob(float(row["processor_seconds"]), {"options": lengths} if lengths else None, size)
            )
        return found
    except OSError as error:
        raise DataError(f"{path}: the config's `durations` cannot be read ({error.strerror})") from None
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise DataError(f"{path}: expected the columns job and processor_seconds, and numbers ({error})") from None


def most_like(job: JobKind, durations: Durations) -> list[FinishedJob]:
    """The measured jobs that are most like `job`; none if its rule was never measured.

    Most like it are those of its rule with most of the other names in common, the first names counting most.
    """
    likeness = {
        other: tuple(a == b for a, b in zip(job, other, strict=False)) for other in durations if other[0] == job[0]
    }
    most = max(likeness.values(), default=())
    return [one for other, how in likeness.items() if how == most for one in durations[other]]


def seconds(job: PlannedJob, like: Iterable[FinishedJob]) -> float:
    """What `job` takes by those like it, each made as much longer as its training is."""
    return statistics.median(one.seconds * _times_as_long(job.config, one.config) for one in like)


def _times_as_long(config: Any, measured: Any) -> float:
    ours, theirs = _lengths(config), _lengths(measured)
    return prod(ours[name] / theirs[name] for name in ours.keys() & theirs.keys())


def _lengths(config: Any) -> dict[str, int]:
    options = config.get("options") if isinstance(config, dict) else None
    if not isinstance(options, dict):
        return {}
    options = options | (options.get("training") or {})
    if isinstance(options.get("steps"), dict):  # as epochs
        options |= options["steps"]
    return {name: options[name] for name in LENGTHS if isinstance(options.get(name), int) and options[name] > 0}


def forecast(jobs: Iterable[PlannedJob], durations: Durations, cores: int, where: str) -> str | None:
    """How long `jobs` will take on that many cores and what they will write; None where there is no job.

    where: the folder of results, to be named.
    """
    jobs = list(jobs)
    likes = [(job, like) for job in jobs if (like := most_like(job.kind, durations))]
    unlike = [job for job in jobs if not most_like(job.kind, durations)]
    if not likes:
        told = f"forecast: time and disk are not known: no records of such jobs under {where}"
        return f"{told}, {_by_limits(unlike)}" if jobs else None
    by_rule: dict[str, float] = defaultdict(float)
    for job, like in likes:
        by_rule[job.kind[0]] += seconds(job, like)
    total = sum(by_rule.values())
    parts = sorted(by_rule.items(), key=lambda item: -item[1])[:3]
    sizes = [statistics.median(found) for _, like in likes if (found := [one.size for one in like if one.size])]
    n_other = sum(
        job.kind not in durations or any(one.config != job.config for one in durations[job.kind]) for job, _ in likes
    )
    by_rule_told = ", ".join(f"{rule} {time_in_words(part)}" for rule, part in parts)
    told = (
        f"forecast by {len(durations)} measured kinds of jobs: {len(likes)} jobs to run, {time_in_words(total)} of a "
        f"processor ({by_rule_told}), about {time_in_words(total / cores)} on {cores} "
        f"core{'s' * (cores > 1)} that have nothing else to do; disk: "
    )
    told += f"{_size(sum(sizes))} for {len(sizes)} of them" if sizes else "not known"
    if n_other:
        told += (
            f"\n  {n_other} of them by jobs of other names, or of other or unknown options, "
            f"in proportion to {', '.join(LENGTHS)} where these are known"
        )
    if unlike:
        told += f"\n  {len(unlike)} more whose rules never ran under {where}, {_by_limits(unlike)}"
    return told


def _by_limits(jobs: Sequence[PlannedJob]) -> str:
    """What jobs take at most, where nothing was measured."""
    limited = [(60 * job.minutes, job.gpus) for job in jobs if job.minutes is not None]
    if not limited:
        return "and no limits"
    told = f"at most {time_in_words(sum(time for time, _ in limited))} by the limits of {len(limited)} of them"
    on_gpus = sum(time * gpus for time, gpus in limited)
    return told + (f", {time_in_words(on_gpus)} of GPUs on a cluster" if on_gpus else "")


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"


def main(results: str) -> None:
    """Print the durations of a results folder as CSV: of each kind the median over its seeds, for how long these
    trained, and the bytes that they wrote; a row for each length."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["job", "processor_seconds", *LENGTHS, "bytes"])
    for one, jobs in sorted(measured(Path(results) / "benchmarks").items()):
        by_length: dict[tuple[int | None, ...], list[FinishedJob]] = defaultdict(list)
        for job in jobs:
            by_length[tuple(map(_lengths(job.config).get, LENGTHS))].append(job)
        for lengths, alike in by_length.items():
            seconds = round(statistics.median(job.seconds for job in alike), 1)
            sizes = [job.size for job in alike if job.size is not None]
            writer.writerow(["/".join(one), seconds, *lengths, round(statistics.median(sizes)) if sizes else None])


if __name__ == "__main__":
    main(*sys.argv[1:])
