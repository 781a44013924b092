"""Points on the Earth, taken as a sphere: distances and local coordinates."""

import numpy as np
import numpy.typing as npt

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG)."""
MERCATOR_LATITUDE = 85.05112878
"""Where the square map of the Web Mercator projection ends, degrees north and south."""

Floats = npt.NDArray[np.float64]


def haversine_km(latitude: Floats, longitude: Floats, other_latitude: Floats, other_longitude: Floats) -> Floats:
    """Great-circle distance of pairs of points given in degrees, by the haversine formula."""
    phi, other_phi = np.radians(latitude), np.radians(other_latitude)
    half_difference = np.radians(np.subtract(other_longitude, longitude)) / 2
    h = np.sin((other_phi - phi) / 2) ** 2 + np.cos(phi) * np.cos(other_phi) * np.sin(half_difference) ** 2
    distance: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(h, 1)))
    return distance


def unit_vectors(latitude: Floats, longitude: Floats) -> Floats:
    """The points, in degrees, as [n, 3] on the unit sphere, where neither the date line nor a pole is an edge."""
    phi, theta = np.radians(latitude), np.radians(longitude)
    return np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], axis=-1)


def arc_km(chord: Floats) -> Floats:
    """The great-circle distance of two points whose unit vectors lie `chord` apart; both order neighbours alike."""
    arc: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1))
    return arc


def local_km(latitude: Floats, longitude: Floats) -> Floats:
    """Kilometres east and north of the points' middle, [n, 2], in an equirectangular projection.

    True to scale over a city. Over a continent east is only true at the middle's latitude; beyond it the numbers are
    still a position, no distance.
    """
    x, y, z = unit_vectors(latitude, longitude).mean(axis=0)
    middle_latitude, middle_longitude = np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x))
    # Wrapped, so that a city on the date line is one city.
    east = np.radians((longitude - middle_longitude + 180) % 360 - 180) * np.cos(np.radians(middle_latitude))
    north = np.radians(latitude - middle_latitude)
    return EARTH_RADIUS_KM * np.stack([east, north], axis=-1)


def quadkeys(latitude: Floats, longitude: Floats, level: int) -> npt.NDArray[np.int64]:
    """The digits 0 to 3 of the quadkeys of points in degrees, the coarsest first: [n, level].

    Each digit is the quarter of the tile before in which a point lies, on the square map of the Web Mercator
    projection (Bing Maps Tile System). A point nearer to a pole than the map reaches lies in its outermost tiles.
    """
    sine = np.sin(np.radians(np.clip(latitude, -MERCATOR_LATITUDE, MERCATOR_LATITUDE)))
    east = (np.asarray(longitude) + 180) / 360  # (n,) from 0 to 1, as is south
    south = 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)  # (n,)
    tiles = np.clip(np.floor(np.stack([east, south]) * 2**level), 0, 2**level - 1).astype(np.int64)  # (2, n)
    bits = tiles[..., None] >> np.arange(level - 1, -1, -1) & 1  # (2, n, level)
    digits: npt.NDArray[np.int64] = bits[0] + 2 * bits[1]
    return digits
