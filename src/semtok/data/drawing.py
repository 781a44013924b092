"""Pictures of the synthetic world's items: what an image encoder can see of category, sub-category and maker.

- *category*: the colour of the ground;
- *sub-category*: the shape in the middle and its grey;
- *maker*: the stripes across everything (direction and width) and the colour of the band below.

Everything else varies from item to item: place, size and shade of the shape, phase of the stripes, brightness, and
noise of every pixel.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw

from semtok.data.world import N_MAKERS, N_SUBCATEGORIES, World

SIDE = 64
"""Pixels."""
BAND = 46
"""First row of the maker's band."""
NOISE = 12.0
"""Standard deviation of a channel, of 255."""
STREAM = 1
"""Sets the pictures' random numbers apart from the world's, which must not change where pictures are drawn."""
CORNERS = {0: 0, 1: 3, 2: 4, 3: 6}
"""Corners of each sub-category's shape; 0 is a disc."""

Pixels = npt.NDArray[np.uint8]


def draw_pictures(world: World, folder: Path, raw_id: Callable[[int], str]) -> None:
    """Write `folder`/RAW_ID.png for every item: 64 x 64 pixels, RGB; the same world gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for item, pixels in enumerate(pictures(world)):
        Image.fromarray(pixels).save(folder / f"{raw_id(item)}.png", format="PNG")


def pictures(world: World) -> Iterator[Pixels]:
    """The picture of each item in turn, uint8 [64, 64, 3]."""
    rng = np.random.default_rng([world.seed, STREAM])
    category, subcategory = np.divmod(world.leaf, N_SUBCATEGORIES)
    n_categories = int(category.max()) + 1
    for hue, shape, maker in zip(category / n_categories, subcategory, world.maker, strict=True):
        yield _picture(rng, float(hue), int(shape), int(maker))


def _picture(rng: np.random.Generator, hue: float, subcategory: int, maker: int) -> Pixels:
    ground = _colour(hue, 45, 55 + rng.normal(scale=4))
    image = Image.new("RGB", (SIDE, SIDE), ground)
    draw = ImageDraw.Draw(image)
    centre = SIDE * np.array([0.5, 0.4]) + rng.normal(scale=2, size=2)
    shade = 100 * subcategory / (N_SUBCATEGORIES - 1) + rng.normal(scale=5)
    _shape(draw, subcategory, centre, radius=SIDE * rng.uniform(0.24, 0.3), shade=float(np.clip(shade, 0, 100)))
    draw.rectangle((0, BAND, SIDE, SIDE), fill=_colour(maker / N_MAKERS, 90, 50))
    pixels = np.asarray(image, dtype=np.float64) + _stripes(rng, maker)[:, :, None]
    pixels = pixels * rng.uniform(0.9, 1.1) + rng.normal(scale=NOISE, size=pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _colour(hue: float, saturation: float, lightness: float) -> tuple[int, ...]:
    """Hue as a share of the circle, the others in percent."""
    return ImageColor.getrgb(f"hsl({360 * hue:.1f}, {saturation:.1f}%, {lightness:.1f}%)")


def _shape(
    draw: ImageDraw.ImageDraw, subcategory: int, centre: npt.NDArray[np.float64], radius: float, shade: float
) -> None:
    x, y = centre
    fill = _colour(0, 0, shade)
    if corners := CORNERS[subcategory]:
        draw.regular_polygon((x, y, radius), corners, fill=fill)
    else:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def _stripes(rng: np.random.Generator, maker: int) -> npt.NDArray[np.float64]:
    """What the maker's stripes add to every channel, [64, 64]: one of four directions and of two widths."""
    angle = np.pi * (maker % 4) / 4
    period = 5.0 if maker < N_MAKERS // 2 else 10.0
    y, x = np.mgrid[:SIDE, :SIDE]
    across = x * np.cos(angle) + y * np.sin(angle)
    stripes: npt.NDArray[np.float64] = 24 * np.sin(2 * np.pi * across / period + rng.uniform(0, 2 * np.pi))
    return stripes
