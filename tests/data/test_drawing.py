"""The pictures of the synthetic world."""

import json

import numpy as np
import pytest
from PIL import Image

from semtok.config.data import Images, Synthetic
from semtok.data import WRITERS
from semtok.data.drawing import pictures
from semtok.data.picture_manifest import fetch_images
from semtok.data.synthetic import write
from semtok.data.world import make_world

AMAZON = ("amazon2014", "amazon2018", "amazon2023")


def drawn(options, reader):
    chosen = options(reader)
    return chosen | {"synthetic": chosen["synthetic"] | {"pictures": True}}


@pytest.mark.parametrize("reader", sorted(WRITERS))
def test_every_item_has_its_picture_beside_the_raw_files(reader, options, prepared, tmp_path):
    chosen = drawn(options, reader)
    tables = prepared(chosen, write(chosen, tmp_path / "raw"))
    assert ("image" in tables.items) == (reader in AMAZON)
    for images in [Images(folder="pictures")] + [Images()] * (reader in AMAZON):
        manifest = fetch_images(tables.items, images, "synthetic", tmp_path / "raw", tmp_path / "store")
        assert set(manifest["status"]) == {"ok"}
        assert manifest["file"].nunique() == len(tables.items)
    world = make_world(Synthetic(**chosen["synthetic"]), revisits=reader == "foursquare")
    expected = {pixels.tobytes() for pixels in pictures(world)}
    assert {np.asarray(Image.open(file)).tobytes() for file in manifest["file"]} <= expected


@pytest.mark.parametrize("reader", sorted(WRITERS))
def test_raw_files_do_not_know_of_pictures_where_they_are_off(reader, options, prepared, tmp_path):
    off, on = (
        write(chosen, tmp_path / name) for name, chosen in (("a", options(reader)), ("b", drawn(options, reader)))
    )
    assert not (tmp_path / "a" / "pictures").exists()
    assert "image" not in prepared(options(reader), off).items
    same = [one.read_bytes() == other.read_bytes() for one, other in zip(off, on, strict=True)]
    assert same == [not path.name.startswith("meta_") for path in off]


def test_the_same_world_gives_the_same_pictures(options, tmp_path):
    chosen = drawn(options, "foursquare")
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        write(chosen, folder)
    one, two = ({path.name: path.read_bytes() for path in (folder / "pictures").iterdir()} for folder in folders)
    assert one == two
    assert len(one) == 80
    write(chosen | {"synthetic": chosen["synthetic"] | {"seed": 9}}, tmp_path / "c")
    assert {path.read_bytes() for path in (tmp_path / "c" / "pictures").iterdir()}.isdisjoint(one.values())


def test_items_alike_look_alike_and_no_two_are_the_same():
    world = make_world(
        Synthetic(users=20, items=400, mean_length=4.0, categories=4, seed=0, pictures=True), revisits=False
    )
    seen = np.stack(list(pictures(world))).astype(float)
    assert seen.shape == (400, 64, 64, 3)
    assert len({picture.tobytes() for picture in seen}) == 400
    # Means over the ground, the shape and the band: the colours are where they are said to be.
    for region, label in [
        (seen[:, :6, :6], world.leaf // 4),
        (seen[:, 22:30, 28:36], world.leaf % 4),
        (seen[:, 50:, :], world.maker),
    ]:
        colours = region.mean(axis=(1, 2))
        centres = np.stack([colours[label == value].mean(axis=0) for value in range(label.max() + 1)])
        nearest = np.linalg.norm(colours[:, None] - centres, axis=2).argmin(axis=1)
        assert (nearest == label).mean() > 0.85


def test_metadata_without_a_picture_and_with_odd_ones(options, prepared, make_gzip):
    """Addresses as each release lists them; an odd list costs the picture, not the product."""
    reviews = [{"reviewerID": "U1", "asin": f"I{i}", "unixReviewTime": 10**9 + i} for i in range(8)]
    listed = [
        {"imageURL": ["http://x/small"], "imageURLHighRes": ["http://x/large", "http://x/second"]},
        {"imageURL": ["http://x/small"], "imageURLHighRes": []},
        {"image": ["", "http://x/old"]},
        {"imageURL": "http://x/text"},
        {"imageURL": 7, "imageURLHighRes": [1, 2]},
        {"imageURL": [], "imageURLHighRes": []},
        {},
        {"imageURLHighRes": [None, " http://x/spaced "]},
    ]
    wanted = ["http://x/large", "http://x/small", "http://x/old", "http://x/text", None, None, None, "http://x/spaced"]
    check(options, prepared, make_gzip, "amazon2018", "asin", reviews, listed, wanted)


def test_the_main_picture_of_2023(options, prepared, make_gzip):
    reviews = [{"user_id": "U1", "parent_asin": f"I{i}", "timestamp": 10**12 + i * 1000} for i in range(7)]
    main = {"variant": "MAIN", "large": "http://x/main", "hi_res": "http://x/hi", "thumb": "http://x/t"}
    other = {"variant": "PT01", "large": "http://x/other", "hi_res": None, "thumb": None, "more": 1}
    listed = [
        {"images": [other, main]},
        {"images": [other]},
        {"images": [main | {"large": None}]},
        {"images": [main | {"large": "", "hi_res": None}]},
        {"images": []},
        {"images": "http://x/text"},
        {},
    ]
    wanted = ["http://x/main", "http://x/other", "http://x/hi", "http://x/t", None, None, None]
    check(options, prepared, make_gzip, "amazon2023", "parent_asin", reviews, listed, wanted)


def test_the_picture_of_2014(options, prepared, make_gzip):
    reviews = [{"reviewerID": "U1", "asin": f"I{i}", "unixReviewTime": 10**9 + i} for i in range(3)]
    listed = [{"imUrl": "http://x/one"}, {}, {"imUrl": ["odd"]}]
    check(options, prepared, make_gzip, "amazon2014", "asin", reviews, listed, ["http://x/one", None, None])


def check(options, prepared, make_gzip, reader, key, reviews, listed, wanted):
    as_line = repr if reader == "amazon2014" else json.dumps
    products = [{key: f"I{i}", "title": f"Title {i}", **fields} for i, fields in enumerate(listed)]
    fitting = [
        i for i, fields in enumerate(listed) if not any(isinstance(value, str | int) for value in fields.values())
    ]
    # All at once, line by line for the odd ones' sake; and the others as a whole block.
    for rows in [range(len(listed))] if reader == "amazon2014" else [range(len(listed)), fitting]:
        files = [
            make_gzip([reviews[i] for i in rows], "r.gz"),
            make_gzip([as_line(products[i]) for i in rows], "meta_r.gz"),
        ]
        tables = prepared(options(reader), files)
        found = tables.items["image"].astype(object)
        assert found.where(found.notna(), None).tolist() == [wanted[i] for i in rows]
        assert tables.items["title"].tolist() == [f"Title {i}" for i in rows]
        assert tables.stats["files"][1]["parts"][0]["bad"] == {}
