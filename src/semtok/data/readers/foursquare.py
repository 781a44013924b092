"""Foursquare check-ins of New York or Tokyo (Yang et al., IEEE TSMC 2014): one text file a city in a zip file.

Latin-1, tab-separated: user, venue, category id, category name, latitude, longitude, offset of the local time in
minutes, UTC time. `member` of the config's file names the city's member. Venues have no name: their text is the
category's. A venue that is described in several ways is taken as described first (`duplicate_metadata`).
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from semtok.data.containers import find_member, zip_blocks
from semtok.data.raw import RawFile, unix_seconds
from semtok.data.report import FileReport, Report
from semtok.data.tsv import drop_bad, parse_tsv

COLUMNS = ["user", "item", "category_id", "category", "latitude", "longitude", "offset", "time"]
VENUE = ["raw_id", "category", "latitude", "longitude"]
TIME_FORMAT = "%a %b %d %H:%M:%S %z %Y"


def read_interactions(files: Sequence[RawFile], report: Report) -> Iterator[pd.DataFrame]:
    """Check-ins, in the files' order."""
    for file in files:
        member = _member(file)
        file_report = report.file(file.path, member)
        for rows in _check_ins(file, member, file_report):
            yield rows[["user", "item", "timestamp"]]
        file_report.close()


def read_items(files: Sequence[RawFile], wanted: pd.Index, report: Report) -> Iterator[pd.DataFrame]:
    """`raw_id`, `category`, `latitude`, `longitude` of each distinct description of a venue."""
    for file in files:
        member = _member(file)
        # The same rows were reported with the interactions.
        unreported = FileReport(file.path, member)
        venues = [
            rows.rename(columns={"item": "raw_id"})[VENUE].drop_duplicates()
            for rows in _check_ins(file, member, unreported)
        ]
        found = pd.concat(venues).drop_duplicates()
        yield found[found["raw_id"].isin(wanted)]


def _member(file: RawFile) -> str:
    expected = file.member or "dataset_TSMC2014_*.txt (its city is the config's `member`)"
    return find_member(
        file.path,
        lambda name: name == file.member if file.member else name.startswith("dataset_TSMC2014_"),
        expected,
    )


def _check_ins(file: RawFile, member: str, report: FileReport) -> Iterator[pd.DataFrame]:
    for block in zip_blocks(file.path, member):
        rows = parse_tsv(block, COLUMNS, "latin-1", report)
        empty = (rows["user"] == "") | (rows["item"] == "")
        rows = drop_bad(rows, empty, "missing_value", rows["user"] + "\t" + rows["item"], report)
        places = rows["latitude"] + ", " + rows["longitude"]
        rows = rows.assign(
            latitude=pd.to_numeric(rows["latitude"], errors="coerce"),
            longitude=pd.to_numeric(rows["longitude"], errors="coerce"),
        )
        on_earth = rows["latitude"].between(-90, 90) & rows["longitude"].between(-180, 180)
        rows = drop_bad(rows, ~on_earth, "bad_coordinate", places, report)
        timestamp, valid_time = unix_seconds(rows["time"], TIME_FORMAT)
        yield drop_bad(rows.assign(timestamp=timestamp), ~valid_time, "bad_date", rows["time"], report)
