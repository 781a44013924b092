"""Runs of the workflow side by side, as one page."""

import argparse
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from semtok.errors import SemtokError
from semtok.papers.scoreboard import write_scoreboard
from semtok.papers.workflow_run import read_run


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page and print where it is."""
    parser = argparse.ArgumentParser(prog="python -m semtok.compare", description=__doc__)
    parser.add_argument("results", nargs="+", type=Path, help="folders of results, or archives (`make share`) of them")
    parser.add_argument("--output", type=Path, default=Path("compared.html"), help="the page (%(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        write_scoreboard([read_run(place) for place in chosen.results], chosen.output)
    except (SemtokError, OSError, zipfile.BadZipFile) as error:
        sys.exit(f"error: {error}")
    print(chosen.output)


if __name__ == "__main__":
    main()
