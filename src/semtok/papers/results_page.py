"""A paper's results on one page of Markdown: what a person concludes, and below it all that this rests on."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from semtok.errors import DataError
from semtok.papers.provenance import provenance, read_records, short
from semtok.papers.templates import render
from semtok.run.files import write_text
from semtok.run.records import Record

NUMBER = re.compile(r"(?<![\w.])(?:\d+(?:,\d{3})*\.\d+|\d{1,3}(?:,\d{3})+)(?![\w.]*\d)")
"""With a decimal point or in thousands, and no part of a version or a name."""


def write_results_page(
    record: Record,
    title: str,
    tables: Sequence[Path],
    figures: Sequence[Path],
    captions: Sequence[Path],
    claims: Path,
    conclusions: Path | None,
    experiments: Path | None,
    output: Path,
) -> None:
    """Write the page.

    Args:
        record: the record of the running job.
        tables, claims: Markdown.
        figures: pictures beside the page.
        captions: of each figure, its Markdown among the results.
        conclusions: written by hand, in Markdown.
        experiments: what scripts of benchmarks/ printed of these results, in Markdown.

    Raises:
        DataError: the conclusions have a number that is in no table, no claim and no experiment.
    """
    results = [path.read_text() for path in (*tables, claims)]
    concluded, tried = (path.read_text().strip() if path else "" for path in (conclusions, experiments))
    if conclusions:
        check_numbers(concluded, "\n".join([*results, tried]), conclusions)
    own = record.content(output) | {"outputs": [{"path": str(output)}]}  # not written yet
    found = provenance(own, read_records(record.results), record.results)
    page = render(
        "results_page.md",
        title=title,
        conclusions=concluded,
        experiments=tried,
        conclusions_name=f"{output.stem}-conclusions.md",
        claims=results[-1],
        tables=results[:-1],
        figures=[_beside(*one) for one in zip(figures, captions, strict=True)],
        environments=list(dict.fromkeys(map(machine, found["environments"]))),
        commits=list(map(short, found["commits"])),
        without_record=[Path(file["path"]).relative_to(record.results).as_posix() for file in found["without_record"]],
        **{name: found[name] for name in ("totals", "seeds", "warnings")},
    )
    write_text(output, page)


def _beside(picture: Path, caption: Path) -> str:
    """A figure's Markdown for a page that lies beside a copy of its picture."""
    return caption.read_text().replace(f"]({caption.stem}.svg)", f"]({picture.name})", 1)


def check_numbers(text: str, results: str, source: Path) -> None:
    """Refuse a text that cites a number which the results do not have; rounding is a change, too.

    Code in backticks is not looked at.
    """
    known = set(NUMBER.findall(results))
    for number, line in enumerate(re.sub(r"`[^`]*`", "", text).splitlines(), 1):
        for cited in NUMBER.findall(line):
            if cited not in known:
                raise DataError(
                    f"{source}, line {number}: found {cited}; expected numbers that are in the tables, claims or "
                    "experiments of this page"
                )


def machine(environment: Mapping[str, Any]) -> str:
    """Where jobs ran, in a line."""
    hardware, packages = environment["hardware"], environment["packages"]
    torch = f", torch {packages['torch']}" if "torch" in packages else ""
    where = hardware.get("device", "cpu")
    return (
        f"{hardware['processor']}, {hardware['processors']} cores ({hardware['system']}), device {where}, "
        f"Python {environment['python']}{torch}"
    )
