"""How far a job is, as lines of its log: a job has no screen of its own, where its bar would write over another's."""

import io
import logging
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 30.0
FORMAT = "{desc}{n_fmt} of {total_fmt} ({percentage:.0f}%), {rate_fmt}, {elapsed} so far, {remaining} left"
WITHOUT_TOTAL = "{desc}{n_fmt}, {rate_fmt}, {elapsed} so far"


class _Lines(io.TextIOBase):
    """What tqdm writes, each time as a message."""

    def write(self, text: str) -> int:
        if line := text.strip():
            log.info("%s", line)
        return len(text)


def progress(what: str, iterable: Iterable[Any] | None = None, *, total: int | None = None, **options: Any) -> Any:
    """A `tqdm` that tells rate and remaining time in the log, at the start, at the end and twice a minute.

    Args:
        what: is done, before every line.
        iterable: as tqdm's; None where `update` is called.
        total: how many steps there are; None where the iterable knows, or nobody does.
        options: of tqdm, such as `initial`, `unit` and `disable`.
    """
    layout = FORMAT if total is not None or hasattr(iterable, "__len__") else WITHOUT_TOTAL
    interval = SECONDS_BETWEEN_LINES
    options |= {"total": total, "bar_format": layout, "mininterval": interval, "maxinterval": interval}
    return tqdm(iterable, f"{what}: ", file=_Lines(), **options)
