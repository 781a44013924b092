"""One picture file: whether it can be used, and what it shows."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

OK = "ok"
MISSING = "missing"
"""No address, no such file, or the server has none (404, 410)."""
REFUSED = "refused"
"""By us (neither http nor https, or a file outside the folder) or by the server (401, 403, ...)."""
UNREACHABLE = "unreachable"
"""No connection, or a server that fails."""
TIMEOUT = "timeout"
TRUNCATED = "truncated"
"""The bytes, or the picture in them, end too early."""
TOO_LARGE = "too large"
"""More bytes than wanted."""
TOO_MANY_PIXELS = "too many pixels"
BROKEN = "broken"
"""No picture, or one that cannot be decoded."""

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp"}
"""The formats that are read, by Pillow's name; other decoders are not let near what comes from outside."""


class NoPictureError(Exception):
    """A picture that cannot be had or used, and why."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status, self.reason = status, reason


@dataclass(frozen=True)
class Size:
    """What is known of a picture that can be used."""

    width: int
    height: int
    suffix: str
    """Of a file in its format."""


def examine(content: bytes, max_pixels: int) -> Size:
    """Decode a picture once, as far as its limits allow. Raises NoPictureError if it cannot be used."""
    try:
        with Image.open(BytesIO(content), formats=tuple(SUFFIXES)) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise NoPictureError(TOO_MANY_PIXELS, f"{width} x {height} pixels, more than {max_pixels}")
            image.load()
            return Size(width, height, SUFFIXES[str(image.format)])
    except NoPictureError:
        raise
    except UnidentifiedImageError as error:
        raise NoPictureError(BROKEN, f"not a {', '.join(SUFFIXES)} file") from error
    except Image.DecompressionBombError as error:
        raise NoPictureError(TOO_MANY_PIXELS, str(error)) from error
    # The decoders raise whatever their parts raise: OSError, SyntaxError, ValueError, struct.error, zlib.error, ...
    except Exception as error:
        status = TRUNCATED if isinstance(error, EOFError) or "truncated" in str(error).lower() else BROKEN
        raise NoPictureError(status, f"{type(error).__name__}: {error}") from error


def read_picture(path: Path, max_bytes: int) -> bytes:
    """The bytes of a local picture. Raises NoPictureError if there is no such file or it is too large."""
    try:
        if not path.is_file():
            raise NoPictureError(MISSING, "no such file")
        size = path.stat().st_size
        if size > max_bytes:
            raise NoPictureError(TOO_LARGE, f"{size} bytes, more than {max_bytes}")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise NoPictureError(BROKEN, f"cannot be read: {error}") from error


def decoded(path: Path) -> Image.Image:
    """The picture in a file that was examined, in RGB; of an animation, the first frame.

    Raises NoPictureError if it cannot be decoded any more.
    """
    try:
        with Image.open(path, formats=tuple(SUFFIXES)) as image:
            return image.convert("RGB")
    except Exception as error:
        raise NoPictureError(BROKEN, f"{type(error).__name__}: {error}") from error
