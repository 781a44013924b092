"""The manifest to vectors, whatever the network."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from semtok.config.encoders import TimmEncoder
from semtok.encoders.images import encode
from semtok.errors import DataError

OPTIONS = TimmEncoder(method="timm", model="any", pretrained=False, seed=0, image_size=None, batch_size=2)
MANIFEST = pd.DataFrame(
    {
        "item": range(6),
        "status": ["ok", "missing", "ok", "ok", "too large", "ok"],
        "file": ["a.png", "", "b.png", "copy-of-a.png", "", "damaged.png"],
        "sha256": ["A", "", "B", "A", "", "D"],
    }
)


@pytest.fixture
def seen(monkeypatch):
    """Replace the network: a.png is [1, 2], b.png [3, 4], anything else cannot be decoded."""
    seen: list[Path] = []

    class Method:
        @staticmethod
        def encode_images(options, paths):
            seen.extend(paths)
            known = {"a.png": [1, 2], "b.png": [3, 4]}
            rows = [known.get(path.name, [np.nan, np.nan]) for path in paths]
            return np.array(rows, dtype=np.float32), {"untrained": True}

    monkeypatch.setattr("semtok.encoders.images.import_module", lambda name: Method)
    return seen


def test_items_without_a_picture_are_nan_and_counted_by_reason(seen):
    part = encode(OPTIONS, MANIFEST)
    vectors, facts = part.vectors, part.facts
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, [[1, 2], [np.nan] * 2, [3, 4], [1, 2], [np.nan] * 2, [np.nan] * 2])
    assert facts["items"] == 6
    assert facts["items_without_picture"] == 3
    assert facts["pictures"] == {"missing": 1, "ok": 3, "too large": 1, "unreadable since": 1}
    assert facts["untrained"] is True


def test_equal_files_are_encoded_once(seen):
    facts = encode(OPTIONS, MANIFEST).facts
    assert seen == [Path("a.png"), Path("b.png"), Path("damaged.png")]
    assert facts["unique_pictures"] == 3


@pytest.mark.parametrize("rows", [[1, 4], [5]])
def test_no_picture_at_all_is_an_error(seen, rows):
    with pytest.raises(DataError, match="not one"):
        encode(OPTIONS, MANIFEST.iloc[rows].reset_index(drop=True))
