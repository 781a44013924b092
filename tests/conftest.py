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


@pytest.fixture(scope="session", autouse=True)
def definitions_are_read_once():
    """Those of the repository: to read them is most of checking a config."""
    from semtok.plan import check

    load, once = check.load, functools.cache(check.load)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "load", lambda path: (once if path.is_relative_to(ROOT) else load)(path))
        yield


@pytest.fixture(scope="session", autouse=True)
def code_is_parsed_once():
    """Every content of a file: to parse the package is most of planning, and the tests' copies of it are the same."""
    from semtok.run import digest

    parse, known = digest._parts, {}

    def once(path):
        key = path.name, path.read_bytes()
        if key not in known:
            known[key] = parse(path)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digest, "_parts", once)
        yield


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
