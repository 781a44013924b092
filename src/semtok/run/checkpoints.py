"""Training state on disk: atomic, tied to what it was trained for, loaded without unpickling code.

How often is the environment's to say, as hardware is (`semtok.run.devices`): `SEMTOK_CHECKPOINT_SECONDS`, at least so
many between two checkpoints, and 0 for one whenever there can be one.
"""

import hashlib
import logging
import math
import os
from pathlib import Path
from typing import Any

import torch

from semtok.errors import SemtokError
from semtok.run.files import atomic_path, sha256

log = logging.getLogger(__name__)

PIECE_BYTES = 1 << 20


def interval(default: float) -> float:
    """Seconds between two checkpoints: `SEMTOK_CHECKPOINT_SECONDS`, or `default`."""
    text = os.environ.get("SEMTOK_CHECKPOINT_SECONDS", "")
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise SemtokError(f"SEMTOK_CHECKPOINT_SECONDS: {text!r} is not a number of seconds; expected 0 or more")
    return seconds


def save(path: str | Path, identity: str, state: dict[str, Any]) -> None:
    """Write `state` (tensors, numbers, strings and containers of them) with torch's random state, atomically.

    `identity` says what is being trained: a digest of the options, the code and the inputs.
    """
    generators = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        generators["cuda"] = torch.cuda.get_rng_state()
    with atomic_path(path) as temporary:
        torch.save({"identity": identity, "generators": generators, "state": state}, temporary)
        checksum = bytes.fromhex(sha256(temporary))
        # Behind the archive, where its reader does not look.
        with temporary.open("ab") as handle:
            handle.write(checksum)


def load(path: str | Path, identity: str) -> dict[str, Any] | None:
    """Read a state back and restore torch's random state; None where there is no usable checkpoint.

    A checkpoint of another identity, or one that cannot be read, is reported and ignored: training starts anew.
    """
    path = Path(path)
    if not path.exists():
        return None
    try:
        _verify(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
        found, state, generators = content["identity"], content["state"], content["generators"]
    except MemoryError:
        raise
    except Exception as error:  # a damaged archive raises many kinds of error; each means the same here
        log.warning("%s: not a readable checkpoint (%s); training starts anew", path, error)
        return None
    if found != identity:
        log.warning("%s: made by other options, code or inputs; training starts anew", path)
        return None
    torch.set_rng_state(generators["cpu"])
    if "cuda" in generators and torch.cuda.is_available():
        torch.cuda.set_rng_state(generators["cuda"])
    return dict(state)


def _verify(path: Path) -> None:
    """ValueError unless the file ends in the checksum of what comes before: torch reads changed weights in silence."""
    checksum = hashlib.sha256()
    left = path.stat().st_size - checksum.digest_size
    with path.open("rb") as handle:
        while left > 0 and (piece := handle.read(min(left, PIECE_BYTES))):
            checksum.update(piece)
            left -= len(piece)
        if handle.read() != checksum.digest():
            raise ValueError("its checksum is not that of its content")
