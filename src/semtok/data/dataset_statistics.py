"""What Table 1 of the papers prints."""

from typing import Any

import numpy as np
import numpy.typing as npt


def statistics(user: npt.NDArray[np.int32], item: npt.NDArray[np.int32]) -> dict[str, Any]:
    """Counts, density and sequence lengths (interactions a user) of a dataset; at least one interaction."""
    lengths = np.unique(user, return_counts=True)[1]
    n_items = len(np.unique(item))
    return {
        "users": len(lengths),
        "items": n_items,
        "interactions": len(user),
        "density": len(user) / (len(lengths) * n_items),
        "length": {
            "min": int(lengths.min()),
            "max": int(lengths.max()),
            "mean": float(lengths.mean()),
            "median": float(np.median(lengths)),
        },
    }
