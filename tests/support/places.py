"""A made-up city, and GraphSAGE as small as it goes."""

import numpy as np
import pandas as pd

from semtok.config.encoders import GraphSAGEEncoder

OPTIONS = {
    "method": "graphsage",
    "graph": {"method": "distance", "neighbours": 10, "radius_km": 5.0, "minimum_scale_m": 50.0},
    "fourier_scales": 8,
    "largest_scale_km": 20.0,
    "smallest_scale_km": 0.1,
    "identity_dim": 16,
    "hidden_dim": 32,
    "dimensions": 16,
    "neighbour_samples": [25, 10],
    "walks_per_node": 5,
    "walk_length": 5,
    "negatives": 20,
    "negative_exponent": 0.75,
    "temperature": 0.1,
    "learn_temperature": True,
    "learning_rate": 0.001,
    "batch_size": 128,
    "epochs": 10,
    "seed": 0,
}


def options(**changed: object) -> GraphSAGEEncoder:
    return GraphSAGEEncoder.model_validate(OPTIONS | changed)


def city(n_items: int, seed: int = 0) -> pd.DataFrame:
    """Places around twelve neighbourhoods within about 5 km of Manhattan's middle."""
    rng = np.random.default_rng(seed)
    neighbourhoods = rng.uniform(-0.04, 0.04, size=(12, 2))
    position = neighbourhoods[rng.integers(12, size=n_items)] + rng.normal(scale=0.004, size=(n_items, 2))
    return pd.DataFrame({"latitude": 40.75 + position[:, 0], "longitude": -73.97 + position[:, 1]})
