"""The command `semtok`, or `python -m semtok`: each part of it thin over a module or over Snakemake."""

import argparse
import importlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from semtok.errors import SemtokError

SNAKEMAKE = (sys.executable, "-m", "snakemake")


class Command(NamedTuple):
    """A part of the command."""

    run: Callable[[Sequence[str]], int]
    """From its arguments to the exit status."""
    about: str
    stands_for: str
    """What else does the same."""


def _look_at(name: str, takes: str, arguments: Sequence[str]) -> None:
    """Give a help of ours, since Snakemake's has a thousand lines; and refuse a config that is not there."""
    parser = argparse.ArgumentParser(
        prog=f"semtok {name}",
        usage=f"semtok {name} {takes} [any option of Snakemake]",
        description=f"{COMMANDS[name].about}\n= {COMMANDS[name].stands_for}",
        epilog="all options: snakemake --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--configfile", "--configfiles", nargs="+", type=Path, default=[], metavar="FILE", help="laid over config.yaml"
    )
    if missing := [path for path in parser.parse_known_args(arguments)[0].configfile if not path.is_file()]:
        sys.exit(
            f"error: --configfile {missing[0]}: found no such file; expected a config (what is made goes behind --)"
        )


def plan(arguments: Sequence[str]) -> int:
    """Let Snakemake say which jobs a target takes, and how long by those that ran before."""
    _look_at("plan", "[TARGET] [--configfile FILE]", arguments)
    # A target may stand first: what follows --quiet is taken for its values up to the next option.
    return subprocess.call([*SNAKEMAKE, "--quiet", "rules", "--dry-run", "--nolock", *arguments])


def fetch(arguments: Sequence[str]) -> int:
    """Let Snakemake take of an archive what its config and code would make."""
    _look_at("fetch", "FILE-OR-FOLDER [--configfile FILE]", arguments)
    if not arguments or arguments[0].startswith("-"):
        sys.exit("error: expected semtok fetch FILE-OR-FOLDER [--configfile FILE]")
    from semtok.archive import archives, jobs_of

    place, *others = arguments
    try:
        for archive in archives(Path(place)):
            jobs_of(archive)
    except (SemtokError, OSError) as error:
        sys.exit(f"error: {error}")
    # Of several --config, Snakemake takes the last alone.
    at = others.index("--config") + 1 if "--config" in others else len(others)
    given = [] if "--config" in others else ["--config"]
    return subprocess.call([*SNAKEMAKE, *others[:at], *given, f"archive={place}", *others[at:], "--", "fetch"])


def demo(arguments: Sequence[str]) -> int:
    """Let Snakemake make all of the demo, and its report."""
    _look_at("demo", "[--cores N]", arguments)
    status = subprocess.call([*SNAKEMAKE, *arguments])
    return status or subprocess.call([*SNAKEMAKE, "--report", "results/demo/report.html"])


def _main_of(module: str) -> Callable[[Sequence[str]], int]:
    """The `main` of a module, imported when it is run."""

    def run(arguments: Sequence[str]) -> int:
        status: int | None = importlib.import_module(module).main(arguments)
        return status or 0

    return run


COMMANDS = {
    "demo": Command(demo, "the default workflow on synthetic data, and its report", "snakemake, or make demo"),
    "new-dataset": Command(
        _main_of("semtok.new_dataset"),
        "look at tables of your own and write a config that runs on them",
        "python -m semtok.new_dataset INTERACTIONS [ITEMS]",
    ),
    "plan": Command(
        plan,
        "the jobs that a target takes, and how long by those that ran before",
        "snakemake --quiet rules --dry-run --nolock [TARGET] [--configfile FILE]",
    ),
    "status": Command(
        _main_of("semtok.status"),
        "what runs in a folder of results, how far it is, and what failed",
        "python -m semtok.status FOLDER",
    ),
    "compare": Command(
        _main_of("semtok.compare"),
        "several runs side by side on one page",
        "python -m semtok.compare RUN RUN",
    ),
    "explain": Command(
        _main_of("semtok.explain"),
        "where a result comes from: config, code, data, commit",
        "python -m semtok.explain FILE [NAME=VALUE]",
    ),
    "archive": Command(
        _main_of("semtok.archive"),
        "vectors, codes, ranks and metrics of a run as one file",
        "python -m semtok.archive FOLDER",
    ),
    "fetch": Command(
        fetch,
        "take of an archive what this config and code would make",
        "snakemake [--configfile FILE] --config archive=FILE-OR-FOLDER -- fetch",
    ),
    "verify": Command(
        _main_of("semtok.verify"),
        "whether results are what their provenance says",
        "python -m semtok.verify [FOLDER or CRATE]",
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands with the arguments behind its name."""
    listed = [f"  {name:<13}{command.about}\n{'':15}= {command.stands_for}" for name, command in COMMANDS.items()]
    parser = argparse.ArgumentParser(
        prog="semtok",
        description="Thin over Snakemake: whatever is made is a Snakemake target (snakemake --list-rules).",
        epilog="commands:\n" + "\n".join(listed),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of those below; --help behind it")
    given = sys.argv[1:] if arguments is None else list(arguments)
    chosen = parser.parse_args(given[:1]).command
    return COMMANDS[chosen].run(given[1:])


if __name__ == "__main__":
    sys.exit(main())
