"""Runs of the workflow side by side, as one page."""

import argparse
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from semtok.errors import SemtokError
from semtok.papers.scoreboard import write_scoreboard
from semtok.papers.workflow_run import keep_run, read_run


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page and print where it is."""
    parser = argparse.ArgumentParser(prog="python -m semtok.compare", description=__doc__)
    parser.add_argument("results", nargs="+", type=Path, help="folders of results, or archives (`make share`) of them")
    parser.add_argument("--output", type=Path, default=Path("compared.html"), help="the page (%(default)s)")
    parser.add_argument("--keep", type=Path, help="a folder for what the page shows of a run, to be compared later")
    chosen = parser.parse_args(arguments)
    if chosen.keep and len(chosen.results) > 1:
        parser.error("--keep: expected one run")
    try:
        runs = [read_run(place) for place in chosen.results]
        write_scoreboard(runs, chosen.output)
        if chosen.keep:
            keep_run(runs[0], chosen.keep)
    except (SemtokError, OSError, zipfile.BadZipFile) as error:
        sys.exit(f"error: {error}")
    print(chosen.output)


if __name__ == "__main__":
    main()
