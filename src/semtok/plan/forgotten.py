"""Results whose making Snakemake does not remember, as after a copy without .snakemake/: compared with the records of
their jobs, so that what was made under other options is made again. Pages came with a clone, and are of results that
are not here."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from glob import glob
from itertools import filterfalse
from pathlib import Path
from typing import Any

from semtok.plan.paths import Paths
from semtok.run.records import portable


def made_otherwise(
    records: str | Path,
    remembered: Callable[[str], bool],
    params_of: Callable[[str, Mapping[str, str]], Mapping[str, Any] | None],
) -> Iterator[str]:
    """Outputs that exist, are not remembered, and whose job's record tells of other params than the job has now.

    Args:
        records: the folder of the records.
        remembered: whether Snakemake knows how an output was made.
        params_of: the params of a job, by its rule and wildcards; None where there is no such job now.
    """
    for path in sorted(Path(records).rglob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):  # a damaged record tells nothing
            record = json.loads(path.read_text(encoding="utf-8"))
            outputs = [output["path"] for output in record["outputs"]]
            outputs = [output for output in outputs if not remembered(output) and Path(output).exists()]
            params = params_of(record["rule"], record["wildcards"]) if outputs else None
            if params is not None and as_recorded(params) != (record["config"], record["code"]):
                yield from outputs


def pages_from_elsewhere(papers: Iterable[str], remembered: Callable[[str], bool]) -> Iterator[str]:
    """The pages of these papers' results, and their figures, that exist and are not remembered.

    They are committed, so that a fresh clone has them without any of the files that they are made of. To Snakemake a
    page that exists is made, and files on its way that do not are none of its business.
    """
    for paper in map(re.escape, papers):
        pages = Paths.page.format(paper=paper, about=Paths.about)
        figures = Paths.page_figure.format(paper=paper, about=Paths.about, exhibit=r"[\w-]+")
        found = [path for path in glob("docs/results/*") if re.fullmatch(f"{pages}|{figures}", path)]
        yield from filterfalse(remembered, found)


def as_recorded(params: Mapping[str, Any]) -> tuple[Any, Any]:
    """Params as a record tells them: JSON without paths outside of the project, and the digest of the code."""
    values = dict(params)
    code = values.pop("code", None)
    return json.loads(json.dumps(portable(values))), code
