"""Items to the manifest of their pictures."""

import os
from pathlib import Path

import pandas as pd
import pytest

from semtok.config.data import Images
from semtok.data import picture_download, picture_manifest
from semtok.data.picture_manifest import fetch_images, read_manifest, write_manifest
from semtok.errors import DataError
from support.picture_server import picture, serve

# Long enough that a good picture arrives on a busy machine; two tests wait for them once.
LIMITS = {"requests_per_second": 1000.0, "connect_timeout": 2.0, "read_timeout": 2.0, "time_limit": 4.0, "attempts": 1}


@pytest.fixture
def site():
    with serve() as site:
        yield site


def catalogue(addresses, raw_ids=None) -> pd.DataFrame:
    raw_ids = raw_ids or [f"R{i}" for i in range(len(addresses))]
    frame = {"item": range(len(addresses)), "raw_id": raw_ids, "image": pd.array(addresses, dtype="string")}
    return pd.DataFrame(frame).astype({"item": "int32"})


@pytest.fixture
def fetch(tmp_path):
    def run(items, source="official", **options) -> pd.DataFrame:
        chosen = Images(**{**LIMITS, **options})
        manifest = fetch_images(items, chosen, source, root=tmp_path / "raw", store=tmp_path / "store")
        write_manifest(tmp_path / "images.csv", manifest)
        return read_manifest(tmp_path / "images.csv")

    return run


def test_one_bad_picture_stops_nothing_and_every_one_is_listed(site, fetch, tmp_path):
    wanted = {
        "red.jpg": "ok",
        "nowhere.jpg": "missing",
        "page": "broken",
        "half": "truncated",
        "cut": "truncated",
        "endless": "too large",
        "wide.jpg": "too many pixels",
        "drip": "timeout",
        "silent": "timeout",
        "failing": "unreachable",
        "forbidden": "refused",
        "blue.jpg": "ok",
    }
    items = catalogue([*(f"{site.url}/{path}" for path in wanted), None, "  ", "ftp://127.0.0.1/x.jpg", "http://[::1"])
    manifest = fetch(items, max_bytes=50_000, max_pixels=500)
    assert manifest["item"].tolist() == list(range(len(items)))
    assert manifest["status"].tolist() == [*wanted.values(), "missing", "missing", "refused", "refused"]
    ok = manifest["status"] == "ok"
    assert (manifest.loc[~ok, "reason"] != "").all()
    assert (manifest.loc[~ok, "file"] == "").all()
    assert [Path(file).read_bytes() for file in manifest.loc[ok, "file"]] == [picture("red"), picture("blue")]
    assert manifest.loc[ok, ["width", "height"]].to_numpy().tolist() == [[20, 10], [20, 10]]
    assert sorted(path.name[:9] for path in (tmp_path / "store").iterdir()) == ["00000000-", "00000011-"]


def test_a_name_says_nothing_of_the_address(site, fetch, tmp_path):
    site.pictures["/a/../../evil%00.php?x=.jpg"] = picture()
    manifest = fetch(catalogue([f"{site.url}/red.jpg", f"{site.url}/red.jpg#../../../x"], ["../../y", "/z"]))
    for file in manifest.loc[manifest["status"] == "ok", "file"]:
        assert os.path.dirname(file) == str(tmp_path / "store")
        assert file.endswith(".jpg")
        assert set(os.path.basename(file)) <= set("0123456789abcdef-.jpg")


def test_what_is_there_is_not_fetched_again(site, fetch):
    items = catalogue([f"{site.url}/red.jpg", f"{site.url}/second", f"{site.url}/blue.jpg"])
    assert fetch(items)["status"].tolist() == ["ok", "unreachable", "ok"]
    assert fetch(items)["status"].tolist() == ["ok", "ok", "ok"]
    assert site.asked == {"/red.jpg": 1, "/second": 2, "/blue.jpg": 1}


def test_a_kill_loses_no_picture_and_leaves_no_temporary_file(site, fetch, tmp_path, monkeypatch):
    items = catalogue([f"{site.url}/red.jpg", f"{site.url}/blue.jpg"])
    monkeypatch.setattr(picture_manifest, "BLOCK", 1)
    whole = picture_manifest.examine

    def killed_at_the_second(content, max_pixels):
        if content == picture("blue"):
            raise KeyboardInterrupt
        return whole(content, max_pixels)

    monkeypatch.setattr(picture_manifest, "examine", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        fetch(items)
    monkeypatch.setattr(picture_manifest, "examine", whole)
    (tmp_path / "store" / ".00000001-abc.123.tmp.jpg").write_bytes(b"half")
    assert fetch(items)["status"].tolist() == ["ok", "ok"]
    assert site.asked["/red.jpg"] == 1
    assert len(list((tmp_path / "store").iterdir())) == 2


def test_a_picture_that_was_damaged_on_disk_is_fetched_again(site, fetch):
    items = catalogue([f"{site.url}/red.jpg"])
    file = fetch(items)["file"][0]
    Path(file).write_bytes(b"damaged")
    assert fetch(items)["status"].tolist() == ["ok"]
    assert Path(file).read_bytes() == picture("red")


def test_pictures_follow_their_items_when_the_numbers_change(site, fetch):
    red, blue = f"{site.url}/red.jpg", f"{site.url}/blue.jpg"
    before = fetch(catalogue([red, blue], ["A", "B"]))
    after = fetch(catalogue([blue], ["B"]))
    assert after["file"][0] == before["file"][1]
    # The same number and another address, or another product at the same address, is another picture.
    assert fetch(catalogue([blue], ["A"]))["file"][0] not in set(before["file"])
    assert site.asked == {"/red.jpg": 1, "/blue.jpg": 2}


def test_relative_addresses_are_files_beside_the_raw_files(fetch, tmp_path):
    (tmp_path / "raw" / "pictures").mkdir(parents=True)
    (tmp_path / "raw" / "pictures" / "a.png").write_bytes(picture(kind="PNG"))
    (tmp_path / "secret.png").write_bytes(picture(kind="PNG"))
    (tmp_path / "raw" / "link.png").symlink_to(tmp_path / "secret.png")
    items = catalogue(
        [
            *("pictures/a.png", "pictures/b.png", "../secret.png", str(tmp_path / "secret.png"), "link.png"),
            *("//host/x.png", "file:///etc/passwd", "a" * 5000),
        ]
    )
    manifest = fetch(items, source="synthetic")
    assert manifest["status"].tolist()[:7] == ["ok", "missing", "refused", "refused", "refused", "refused", "refused"]
    assert manifest["status"][7] != "ok"
    assert manifest["file"][0] == str(tmp_path / "raw/pictures/a.png")


def test_a_synthetic_dataset_uses_no_network(site, fetch, tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.png").write_bytes(picture(kind="PNG"))
    manifest = fetch(catalogue(["a.png", f"{site.url}/red.jpg"]), source="synthetic")
    assert manifest["status"].tolist() == ["ok", "refused"]
    assert not site.asked


def test_a_folder_of_files_named_by_raw_id(fetch, tmp_path):
    folder = tmp_path / "raw" / "pictures"
    folder.mkdir(parents=True)
    for name in ("NA.png", "v1.JPG", "v2.jpeg", "v3.jpg", "v3.png", "v4.txt"):
        (folder / name).write_bytes(picture(kind="PNG"))
    (folder / "v5.jpg").write_bytes(b"")
    (tmp_path / "raw" / "up.png").write_bytes(picture(kind="PNG"))
    ids = ["NA", "v1", "v2", "v3", "v4", "v5", "v6", "../up"]
    manifest = fetch(catalogue([None] * 8, ids).drop(columns="image"), folder="pictures")
    assert manifest["status"].tolist() == ["ok"] * 4 + ["missing", "broken", "missing", "missing"]
    assert manifest["raw_id"].tolist() == ids
    assert manifest["file"][3].endswith("v3.jpg")
    # The addresses of the metadata are not looked at.
    assert fetch(catalogue(["http://127.0.0.1:9/x"], ["v1"]), folder="pictures")["status"].tolist() == ["ok"]


def test_a_changed_picture_changes_the_manifest(fetch, tmp_path):
    (tmp_path / "raw").mkdir()
    sums = []
    for colour in ("red", "blue"):
        (tmp_path / "raw" / "R0.png").write_bytes(picture(colour, kind="PNG"))
        sums.append(fetch(catalogue([None]), folder=".")["sha256"][0])
    assert sums[0] != sums[1]


def test_mistakes_that_concern_every_item_are_errors(fetch, tmp_path):
    with pytest.raises(DataError, match=r"images.folder: found no folder .*nowhere"):
        fetch(catalogue([None]), folder="nowhere")
    with pytest.raises(DataError, match="no column 'image'"):
        fetch(catalogue([None]).drop(columns="image"))
    with pytest.raises(DataError, match=r"not one of 2 items has a picture .*'missing': 1, 'unreachable': 1"):
        fetch(catalogue([None, "http://127.0.0.1:9/x.jpg"]))


def test_a_dead_host_is_not_waited_for_item_by_item(fetch, tmp_path, monkeypatch):
    monkeypatch.setattr(picture_download, "GIVE_UP_AFTER", 2)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.png").write_bytes(picture(kind="PNG"))
    items = catalogue(["a.png", *(f"http://127.0.0.1:9/{i}.jpg" for i in range(20))])
    manifest = fetch(items, connections=1)
    assert manifest["reason"].str.contains("given up").sum() == 18
