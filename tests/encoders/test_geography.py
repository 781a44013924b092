import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from semtok.encoders.geography import EARTH_RADIUS_KM, arc_km, haversine_km, local_km, unit_vectors

latitudes, longitudes = st.floats(-90, 90), st.floats(-180, 180)


def test_known_cities():
    # Paris and London, by the spherical law of cosines in 30 digits.
    assert_allclose(haversine_km(48.8566, 2.3522, 51.5074, -0.1278), 343.557, atol=0.01)
    assert_allclose(haversine_km(0, 179.5, 0, -179.5), np.radians(1) * EARTH_RADIUS_KM)
    assert_allclose(haversine_km(90, 0, -90, 77), np.pi * EARTH_RADIUS_KM)
    assert_allclose(haversine_km(90, 12, 90, -100), 0, atol=1e-9)


@given(latitudes, longitudes, latitudes, longitudes)
def test_the_chord_gives_the_same_distance(a, b, c, d):
    chord = np.linalg.norm(unit_vectors(a, b) - unit_vectors(c, d))
    # Near the antipode both lose digits.
    assert_allclose(arc_km(chord), haversine_km(a, b, c, d), rtol=1e-7, atol=1e-3 if chord > 1.99 else 1e-6)


def test_local_kilometres_of_a_city():
    latitude, longitude = np.array([40.7, 40.8, 40.75]), np.array([-74.0, -73.9, -73.95])
    position = local_km(latitude, longitude)
    distances = np.linalg.norm(position[[0, 1, 0]] - position[[1, 2, 2]], axis=1)
    exact = haversine_km(latitude[[0, 1, 0]], longitude[[0, 1, 0]], latitude[[1, 2, 2]], longitude[[1, 2, 2]])
    assert_allclose(distances, exact, rtol=1e-3)
    # East is right and north is up.
    assert (position[1] > position[0]).all()


def test_a_city_on_the_date_line_is_one_city():
    position = local_km(np.array([-17.0, -17.0]), np.array([179.95, -179.95]))
    assert_allclose(np.abs(position[:, 0]), 0.05 * np.pi / 180 * EARTH_RADIUS_KM * np.cos(np.radians(17)), rtol=1e-6)
    assert position[1, 0] > position[0, 0]
