"""Bytes as an attacker or a bad disk would change them."""

import os

from hypothesis import strategies as st

FACTOR = int(os.environ.get("SEMTOK_INPUTS", "1"))
"""How many times as many inputs the properties try."""

NASTY = [
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x85", b"\t", b"\r", b"\n", b"\n\n", b" "),
    *(b'"', b"'", b"\\", b"\\ud800", b"\\u0000", b"[", b"]", b"{", b"}", b"[" * 3000, b"(" * 300, b",", b":"),
    *(b"null", b"true", b"NaN", b"-Infinity", b"1e400", b"-1", b"9" * 25, b"9" * 5000, b"0x", b"1.5", b"b'x'"),
    *(b"<!--", b"-->", b"<a ", b"&#55296;", b"&#" + b"9" * 5000 + b";", b"..", b"/", b"$(id)", b"; rm", b"__import__"),
    *(b"-1 ", b"-0", b"N1-1", b"180.1", b"nan", b"inf", b"Feb 30", b"+9999", b"-2359", b"00:60:61", b"13/45/0000"),
]

changes = st.lists(
    st.tuples(
        st.sampled_from(["insert", "replace", "delete", "cut", "repeat"]),
        st.floats(0, 1, exclude_max=True),
        st.one_of(st.sampled_from(NASTY), st.binary(min_size=1, max_size=8)),
    ),
    min_size=1,
    max_size=4,
)


def mutated(content: bytes, drawn: list[tuple[str, float, bytes]]) -> bytes:
    """`content` after each change: where (a share of the length), and with what."""
    for kind, share, payload in drawn:
        at = int(share * len(content))
        match kind:
            case "insert":
                content = content[:at] + payload + content[at:]
            case "replace":
                content = content[:at] + payload + content[at + len(payload) :]
            case "delete":
                content = content[:at] + content[at + len(payload) :]
            case "cut":
                content = content[:at]
            case "repeat":
                content = content[:at] + content[max(0, at - 60) :]
    return content
