"""The command `semtok`, or `python -m semtok`: what a person types, thin over a module or a Snakemake target."""

import argparse
import sys
from collections.abc import Sequence

from semtok import new_dataset


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="semtok", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    about = "look at tables of your own and write a config that runs on them (semtok.new_dataset)"
    one = commands.add_parser(
        "new-dataset",
        help=about,
        description=new_dataset.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    new_dataset.arguments_of(one)
    one.set_defaults(run=new_dataset.run)
    chosen = parser.parse_args(arguments)
    result: int = chosen.run(chosen)
    return result


if __name__ == "__main__":
    sys.exit(main())
