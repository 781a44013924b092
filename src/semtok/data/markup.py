"""Text out of the HTML that shops leave in their metadata."""

import html
import re
from collections.abc import Iterable

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_TAG_OR_COMMENT = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
_COMMENT_END = "-->"
MAX_DIGITS = 7
"""Of a numeric entity that names a character; Python refuses to read numbers of thousands of digits."""
_TOO_LONG = re.compile(rf"&#[0-9]{{{MAX_DIGITS + 1},}};?")
_SPACE = re.compile(r"\s+")


def plain_text(text: str | None) -> str | None:
    """Without tags and entities, white space collapsed; None if nothing is left."""
    if text is None:
        return None
    # Entities go after tags, so that an escaped "<" in the text is not taken for one.
    if "<" in text:
        # Each start of a comment that has no end would be followed to the end of the text: quadratic in its length.
        commented = text.rfind(_COMMENT_END) + len(_COMMENT_END) if _COMMENT_END in text else 0
        text = _TAG_OR_COMMENT.sub(" ", text[:commented]) + _TAG.sub(" ", text[commented:])
    if "&" in text:
        text = html.unescape(_TOO_LONG.sub("\N{REPLACEMENT CHARACTER}", text))
    return _SPACE.sub(" ", text).strip() or None


def join_texts(parts: Iterable[str | None] | None, by: str) -> str | None:
    """The plain texts of the parts, without the empty and the repeated ones; None if nothing is left."""
    texts = dict.fromkeys(plain_text(part) for part in parts) if parts is not None else {}
    return by.join(text for text in texts if text) or None
