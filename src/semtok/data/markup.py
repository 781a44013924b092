"""Text out of the HTML that shops leave in their metadata."""

import html
import re
from collections.abc import Iterable

_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
_SPACE = re.compile(r"\s+")


def plain_text(text: str | None) -> str | None:
    """Without tags and entities, white space collapsed; None if nothing is left."""
    if text is None:
        return None
    # Entities go after tags, so that an escaped "<" in the text is not taken for one.
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    return _SPACE.sub(" ", text).strip() or None


def join_texts(parts: Iterable[str | None] | None, by: str) -> str | None:
    """The plain texts of the parts, without the empty and the repeated ones; None if nothing is left."""
    texts = dict.fromkeys(plain_text(part) for part in parts) if parts is not None else {}
    return by.join(text for text in texts if text) or None
