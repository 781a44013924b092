"""Beside `test_geography.py`: the tiles of the map."""

import numpy as np
import pytest

from semtok.encoders.geography import quadkeys


def middle(x, y, level):
    """Latitude and longitude of a tile's middle."""
    longitude = (x + 0.5) / 2**level * 360 - 180
    return np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (y + 0.5) / 2**level)))), longitude


@pytest.mark.parametrize(
    ("x", "y", "level", "key"),
    # The first is the example of the Tile System's description, the second that of mercantile's documentation.
    [(3, 5, 3, "213"), (486, 332, 10, "0313102310"), (0, 0, 2, "00"), (3, 0, 2, "11"), (0, 3, 2, "22")],
)
def test_known_tiles(x, y, level, key):
    latitude, longitude = middle(x, y, level)
    (digits,) = quadkeys(np.array([latitude]), np.array([longitude]), level)
    assert "".join(map(str, digits)) == key


def test_a_coarser_key_is_the_beginning_of_a_finer_one():
    generator = np.random.default_rng(0)
    latitude, longitude = generator.uniform(-80, 80, 50), generator.uniform(-180, 180, 50)
    fine = quadkeys(latitude, longitude, 17)
    assert fine.shape == (50, 17)
    assert np.array_equal(fine[:, :9], quadkeys(latitude, longitude, 9))


def test_the_edges_of_the_map_lie_in_its_outermost_tiles():
    poles = quadkeys(np.array([90.0, -90.0, 0.0]), np.array([-180.0, 180.0, 180.0]), 4)
    assert poles.tolist() == [[0] * 4, [3] * 4, [3, 1, 1, 1]]
