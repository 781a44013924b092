"""What counts as a picture."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semtok.data.picture import NoPictureError, decoded, examine, read_picture

LIMIT = 10_000


def picture(kind="PNG", size=(40, 30), mode="RGB", **options) -> bytes:
    noise = np.random.default_rng(0).integers(256, size=(size[1], size[0], 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(noise).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "suffix"), [("PNG", ".png"), ("JPEG", ".jpg"), ("GIF", ".gif"), ("WEBP", ".webp"), ("BMP", ".bmp")]
)
def test_a_picture_is_measured_and_its_suffix_is_that_of_its_bytes(kind, suffix):
    size = examine(picture(kind), LIMIT)
    assert (size.width, size.height, size.suffix) == (40, 30, suffix)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", "broken"),
        (b"<html>not found</html>", "broken"),
        (picture()[:900], "truncated"),
        (picture("JPEG")[:900], "truncated"),
        (picture("JPEG")[:20], "broken"),
        (picture("TIFF"), "broken"),  # a format that is not read
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "broken"),
        (picture(size=(101, 100)), "too many pixels"),
        (bomb(60_000, 60_000), "too many pixels"),
        (bomb(10_000, 10_000), "too many pixels"),
    ],
    ids=["empty", "html", "png", "jpeg", "header", "tiff", "eps", "pixels", "bomb", "smaller bomb"],
)
def test_what_is_wrong_is_told(content, status):
    with pytest.raises(NoPictureError) as caught:
        examine(content, LIMIT)
    assert caught.value.status == status
    assert caught.value.reason


def test_as_many_pixels_as_the_limit_are_fine():
    assert examine(picture(size=(100, 100)), LIMIT).width == 100


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP"]), st.integers(0, 10**6), st.binary(min_size=1, max_size=8))
def test_no_damage_escapes_as_another_error(kind, where, damage):
    content = bytearray(picture(kind))
    where %= len(content)
    content[where : where + len(damage)] = damage
    with suppress(NoPictureError):
        examine(bytes(content), LIMIT)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "I;16"])
def test_any_mode_is_decoded_to_rgb(mode, tmp_path):
    path = tmp_path / "x.any"
    if mode == "I;16":
        Image.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40)).save(path, "PNG")
    else:
        path.write_bytes(picture("JPEG" if mode == "CMYK" else "PNG", mode=mode))
    assert decoded(path).mode == "RGB"
    assert decoded(path).size == (40, 30)


def test_a_file_that_was_damaged_since_cannot_be_decoded(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(picture()[:100])
    for name in ("x.png", "nowhere.png"):
        with pytest.raises(NoPictureError):
            decoded(tmp_path / name)


def test_local_files_are_read_within_the_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_picture(tmp_path / "a", 5) == b"12345"
    for name, limit, status in [("a", 4, "too large"), ("b", 9, "missing"), (".", 9, "missing"), ("a\0", 9, "broken")]:
        with pytest.raises(NoPictureError) as caught:
            read_picture(tmp_path / name, limit)
        assert caught.value.status in (status, "missing")
