"""Datasets in miniature: options as the config holds them, and their tables."""

import gzip
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from semtok.data.prepare import Outputs, prepare_dataset

FILES = {
    "mind": ["mind/MINDsmall_train.zip", "mind/MINDsmall_dev.zip"],
    "amazon2014": ["amazon/reviews_Beauty_5.json.gz", "amazon/meta_Beauty.json.gz"],
    "amazon2018": ["amazon/Office_Products_5.json.gz", "amazon/meta_Office_Products.json.gz"],
    "amazon2023": ["amazon/Office_Products.jsonl.gz", "amazon/meta_Office_Products.jsonl.gz"],
    "foursquare": ["foursquare/dataset_tsmc2014.zip"],
    "yelp": ["yelp/yelp_academic_dataset_business.json", "yelp/yelp_academic_dataset_review.json.gz"],
    "sequences": ["letter/Beauty.inter.json", "letter/Beauty.item.json"],
}
TEXT_FIELDS = {
    "mind": ["category", "subcategory", "title"],
    "foursquare": ["category"],
    "yelp": ["name", "city", "address"],
    "sequences": ["title", "brand", "categories"],
}


@pytest.fixture
def options() -> Callable[..., dict[str, Any]]:
    """The options of a dataset that filters nothing; keyword arguments replace filters."""

    def make(reader: str, split: dict[str, Any] | None = None, **filters: Any) -> dict[str, Any]:
        return {
            "reader": reader,
            "files": [{"path": path} for path in FILES[reader]],
            "text_fields": TEXT_FIELDS.get(reader, ["type", "brand", "title", "category"]),
            "filters": {
                "duplicates": "keep",
                "min_user_length": 1,
                "min_item_count": 1,
                "max_user_length": None,
                "last_interactions": None,
                **filters,
            },
            "split": split or {"method": "leave-one-out"},
            "synthetic": {"users": 60, "items": 80, "mean_length": 8.0, "categories": 4, "seed": 1},
        }

    return make


@dataclass(frozen=True)
class Tables:
    items: pd.DataFrame
    interactions: pd.DataFrame
    targets: pd.DataFrame
    stats: dict[str, Any]
    candidates: pd.DataFrame | None

    def sequence(self, user: int) -> list[str]:
        """Raw ids of a user's interactions."""
        item = self.interactions.loc[self.interactions["user"] == user, "item"]
        return self.items["raw_id"].iloc[item].tolist()


@pytest.fixture
def prepared(tmp_path: Path) -> Callable[..., Tables]:
    """Prepare files (which may be fewer than the options name) and read back what was written."""

    def run(options: dict[str, Any], files: list[Path]) -> Tables:
        options = options | {"files": options["files"][: len(files)]}
        names = ["i.parquet", "x.parquet", "t.parquet", "s.json"]
        names += ["c.parquet"] if options.get("impressions") == "candidates" else []
        outputs = Outputs(*(tmp_path / "out" / name for name in names))
        prepare_dataset(options, "mirror", files, outputs)
        return Tables(
            pd.read_parquet(outputs.items),
            pd.read_parquet(outputs.interactions),
            pd.read_parquet(outputs.targets),
            json.loads(outputs.stats.read_text()),
            pd.read_parquet(outputs.candidates) if outputs.candidates else None,
        )

    return run


@pytest.fixture
def make_zip(tmp_path: Path) -> Callable[..., Path]:
    def make(members: dict[str, str | bytes], name: str = "raw.zip") -> Path:
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return tmp_path / name

    return make


@pytest.fixture
def make_gzip(tmp_path: Path) -> Callable[..., Path]:
    """A gzip file of lines; dicts become JSON."""

    def make(lines: list[Any], name: str) -> Path:
        texts = [line if isinstance(line, bytes) else _text(line).encode() for line in lines]
        with gzip.open(tmp_path / name, "wb") as stream:
            stream.write(b"".join(text + b"\n" for text in texts))
        return tmp_path / name

    return make


def _text(line: Any) -> str:
    return line if isinstance(line, str) else json.dumps(line)
