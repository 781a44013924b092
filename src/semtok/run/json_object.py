"""A JSON file of one object, such as others publish: limited in size, and no key twice."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from semtok.errors import DataError

MAX_BYTES = 1 << 30
"""A larger JSON would take tens of gigabytes of memory."""


def read_object(path: Path, key: str, form: str) -> dict[str, Any]:
    """The object that the file holds, in its order.

    Args:
        path: the file.
        key: what a key is, such as "user".
        form: what the file should look like, such as "{user: [item, ...]}".

    Raises:
        DataError: names the file where it is missing, too large, no JSON, no object or has a key twice, which JSON
            itself allows and whose first value would be lost.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected {form}")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise DataError(f"{path}: found {size} bytes of JSON; expected at most {MAX_BYTES}")

    def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
            raise DataError(f"{path}: {key} {name!r:.120} occurs twice; expected each once")
        return content

    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=without_repeats)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not usable JSON ({error}); expected {form}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: found a JSON {type(content).__name__}; expected an object {form}")
    return content
