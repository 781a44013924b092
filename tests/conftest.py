"""One thread a worker; and a count of the inputs that property tests try, told at the end of the run."""

import functools
import os
from collections import Counter
from pathlib import Path

import pytest

# Workers share the cores, and threads of several of them wait for each other. Read when a library is imported.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

ROOT = Path(__file__).parents[1]
INPUTS = "inputs tried"
TRIED: Counter[str] = Counter()


def pytest_collection_modifyitems(items):
    """Those of the workflow first: they take longest, and at the end no worker waits for another's."""
    items.sort(key=lambda item: not item.path.is_relative_to(ROOT / "tests/workflow"))


def pytest_configure():
    """Definitions and code are parsed once, which is most of planning: the tests' copies of the project have the same.

    Before any module imports what is replaced.
    """
    from semtok.plan import definition
    from semtok.run import digest

    definition.load = of_content(definition.load)
    digest.parts_of = of_content(digest.parts_of)


def of_content(read):
    """`read` of a path, called once for all files of this name and content."""
    known = {}

    @functools.wraps(read)
    def once(path):
        try:
            key = Path(path).name, Path(path).read_bytes()
        except OSError:
            return read(path)
        if key not in known:
            known[key] = read(path)
        return known[key]

    return once


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Count the calls of a property; the report takes the number to the controller of pytest-xdist."""
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    if handle is None:
        return (yield)
    inner, count = handle.inner_test, 0

    @functools.wraps(inner)
    def counted(*args, **kwargs):
        nonlocal count
        count += 1
        return inner(*args, **kwargs)

    handle.inner_test = counted
    try:
        return (yield)
    finally:
        handle.inner_test = inner
        item.user_properties.append((INPUTS, count))


def pytest_runtest_logreport(report):
    if report.when == "call":
        for name, count in report.user_properties:
            if name == INPUTS:
                TRIED[report.nodeid.split("[")[0]] += count


def pytest_terminal_summary(terminalreporter):
    if TRIED:
        hostile = {name.rsplit("::", 1)[-1]: count for name, count in TRIED.items() if "tests/hostile/" in name}
        listed = "".join(f"; {name.removeprefix('test_')}: {count}" for name, count in sorted(hostile.items()))
        terminalreporter.write_line(f"{INPUTS}: {TRIED.total()} by {len(TRIED)} properties{listed}")
