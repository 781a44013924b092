"""Points on the Earth, taken as a sphere: distances and local coordinates."""

import numpy as np
import numpy.typing as npt

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG)."""

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
