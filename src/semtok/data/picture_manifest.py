"""Items to pictures: a manifest that says of each item where its picture lies, or why there is none.

Pictures come from a folder of files named by raw id, or from the addresses of the metadata. Local files are used where
they lie. Others are fetched once and kept; a later call, after a kill or with other options, fetches what is not there.
"""

import hashlib
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from semtok.config.data import Images
from semtok.data.picture import MISSING, OK, REFUSED, SUFFIXES, NoPictureError, Size, examine, read_picture
from semtok.data.picture_download import SCHEMES, Downloader
from semtok.errors import DataError
from semtok.run.files import atomic_path, write_csv

log = logging.getLogger(__name__)

BLOCK = 4096
"""Items handed to the threads at once, so that a large catalogue does not wait in memory."""
MAX_REASON = 200
READABLE = {*SUFFIXES.values(), ".jpeg"}
"""Suffixes of the files in a folder that count as pictures."""


@dataclass(frozen=True)
class Picture:
    """A row of the manifest; fields of what is not known are empty."""

    item: int
    raw_id: str
    address: str
    """As the metadata list it; empty where pictures come from a folder."""
    file: str
    status: str
    """See `semtok.data.picture`."""
    reason: str = ""
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    sha256: str = ""


def fetch_images(items: pd.DataFrame, options: Images, source: str, root: Path, store: Path) -> pd.DataFrame:
    """The manifest: one row per item, in order, with the fields of `Picture`.

    Args:
        items: `items.parquet`; its column `image` is read unless the options name a folder.
        options: where pictures come from, and their limits.
        source: the dataset's source; a synthetic one never uses the network.
        root: where relative addresses, and a relative folder, begin; addresses cannot lead out of it.
        store: folder of what is fetched, which is kept from call to call.

    Raises:
        DataError: no folder, no addresses, or not one picture that can be used.
    """
    if options.folder is not None:
        place: _Folder | _Addresses = _Folder(root / options.folder, options)
    elif "image" in items.columns:
        place = _Addresses(root, store, options, online=source != "synthetic")
    else:
        raise DataError("items: no column 'image', so the metadata list no pictures; expected images.folder to be set")
    manifest = pd.concat(_in_parallel(place, items, options.connections), ignore_index=True)
    counts = manifest["status"].value_counts().to_dict()
    log.info("pictures: %s", counts)
    if OK not in counts:
        raise DataError(f"images: not one of {len(items)} items has a picture that can be used; found {counts}")
    return manifest


def write_manifest(path: Path, manifest: pd.DataFrame) -> None:
    """Write it as CSV, atomically."""
    write_csv(path, manifest)


def read_manifest(path: Path) -> pd.DataFrame:
    """Read what `write_manifest` wrote; text that is empty stays text."""
    texts = dict.fromkeys(("raw_id", "address", "file", "status", "reason", "sha256"), "string")
    numbers = dict.fromkeys(("bytes", "width", "height"), "Int64")
    # A raw id may well be "NA" or "null".
    empty = {name: [""] for name in numbers}
    return pd.read_csv(path, dtype={**texts, **numbers, "item": "int64"}, keep_default_na=False, na_values=empty)


class _Folder:
    """Files named by raw id. Names are looked up, never put together, so that a raw id cannot lead elsewhere."""

    def __init__(self, folder: Path, options: Images) -> None:
        if not folder.is_dir():
            raise DataError(f"images.folder: found no folder {folder}; expected one of files RAW_ID.jpg, .png, ...")
        self.options = options
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in READABLE)
        self.files: Mapping[str, Path] = {path.stem: path for path in reversed(files)}

    def find(self, item: int, raw_id: str, address: str) -> tuple[Path, bytes, Size]:
        path = self.files.get(raw_id)
        if path is None:
            raise NoPictureError(MISSING, "no file of that name in the folder")
        return _local(path, self.options)


class _Addresses:
    """What the metadata list: http and https addresses, or files below the raw files' folder."""

    def __init__(self, root: Path, store: Path, options: Images, online: bool) -> None:
        self.root, self.store, self.options, self.online = root.resolve(), store, options, online
        self.named_root = root
        self.downloader = Downloader(options)
        store.mkdir(parents=True, exist_ok=True)
        for leftover in store.glob(".*.tmp.*"):  # of a call that was killed
            leftover.unlink()
        self.kept = {path.stem.partition("-")[2]: path for path in sorted(store.iterdir())}

    def find(self, item: int, raw_id: str, address: str) -> tuple[Path, bytes, Size]:
        if not address:
            raise NoPictureError(MISSING, "the metadata list none")
        try:
            parts = urlsplit(address)
        except ValueError as error:
            raise NoPictureError(REFUSED, f"not an address: {error}") from error
        if parts.scheme in SCHEMES and parts.netloc:
            return self._fetched(item, raw_id, address)
        if parts.scheme or parts.netloc:
            raise NoPictureError(REFUSED, "neither http, https nor a relative file")
        return self._beside_the_raw_files(address)

    def _beside_the_raw_files(self, address: str) -> tuple[Path, bytes, Size]:
        try:
            inside = (self.root / address).resolve().is_relative_to(self.root)
        except (OSError, ValueError) as error:
            raise NoPictureError(REFUSED, f"not a file name: {error}") from error
        if not inside:
            raise NoPictureError(REFUSED, "a file outside the folder of the raw files")
        return _local(self.named_root / address, self.options)

    def _fetched(self, item: int, raw_id: str, address: str) -> tuple[Path, bytes, Size]:
        identity = hashlib.sha256(f"{raw_id}\n{address}".encode()).hexdigest()[:16]
        if identity in self.kept:
            try:
                return _local(self.kept[identity], self.options)
            except NoPictureError as error:
                log.warning("%s was kept but cannot be used (%s); it is fetched again", self.kept[identity], error)
        if not self.online:
            raise NoPictureError(REFUSED, "a synthetic dataset uses no network")
        content = self.downloader.fetch(address)
        size = examine(content, self.options.max_pixels)
        # The number alone would not do: it is another item's once the dataset's filters change.
        path = self.store / f"{item:08d}-{identity}{size.suffix}"
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
        return path, content, size


def _local(path: Path, options: Images) -> tuple[Path, bytes, Size]:
    content = read_picture(path, options.max_bytes)
    return path, content, examine(content, options.max_pixels)


def _in_parallel(place: _Folder | _Addresses, items: pd.DataFrame, connections: int) -> Iterator[pd.DataFrame]:
    """Blocks of the manifest: no Python object an item stays."""

    def look(row: tuple[int, str, str]) -> Picture:
        item, raw_id, address = row
        listed = address if isinstance(place, _Addresses) else ""
        try:
            path, content, size = place.find(item, raw_id, address)
        except NoPictureError as error:
            return Picture(item, raw_id, listed, "", error.status, " ".join(error.reason.split())[:MAX_REASON])
        checksum = hashlib.sha256(content).hexdigest()
        return Picture(item, raw_id, listed, str(path), OK, "", len(content), size.width, size.height, sha256=checksum)

    with ThreadPoolExecutor(connections) as pool:
        for start in range(0, len(items), BLOCK):
            block = items.iloc[start : start + BLOCK]
            addresses = block["image"].astype("string").fillna("") if "image" in block.columns else [""] * len(block)
            rows = zip(block["item"].astype(int), block["raw_id"].astype(str), addresses, strict=True)
            pictures = pd.DataFrame([asdict(picture) for picture in pool.map(look, rows)])
            yield pictures.astype({"bytes": "Int64", "width": "Int64", "height": "Int64"})
            log.info("%d of %d items", min(start + BLOCK, len(items)), len(items))
