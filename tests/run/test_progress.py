import logging

import pytest

from semtok.run import progress as module
from semtok.run.progress import progress


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)


def test_each_line_tells_what_how_far_and_how_long(at_once, caplog):
    caplog.set_level(logging.INFO)
    bar = progress("training", total=4, initial=1, unit=" steps")
    bar.set_description("training, epoch 2 of 2", refresh=False)
    bar.update(2)
    bar.close()
    first, *_, last = caplog.messages
    assert first.startswith("training: 1 of 4 (25%)")
    assert last.startswith("training, epoch 2 of 2: 3 of 4 (75%), ")
    assert "steps/s" in last
    assert last.endswith(" left")


def test_an_iterable_is_passed_through(at_once, caplog):
    caplog.set_level(logging.INFO)
    assert list(progress("texts", range(0, 6, 2))) == [0, 2, 4]
    assert caplog.messages[-1].startswith("texts: 3 of 3 (100%)")


def test_without_a_total_there_is_no_remaining_time(at_once, caplog):
    caplog.set_level(logging.INFO)
    list(progress("lines", iter("abc")))
    assert "left" not in caplog.text
    assert caplog.messages[-1].startswith("lines: 3")


def test_nothing_is_told_by_other_processes(at_once, caplog):
    caplog.set_level(logging.INFO)
    progress("training", total=4, disable=True).update(4)
    assert not caplog.messages
