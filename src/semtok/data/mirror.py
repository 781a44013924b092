"""The mirror source: a folder that holds the official files under the paths of the config."""

from collections.abc import Sequence
from pathlib import Path

from semtok.errors import DataError


def find(folder: Path, paths: Sequence[str]) -> list[Path]:
    """The files of a dataset in a mirror folder. DataError names every one that is not there."""
    found = [folder / path for path in paths]
    missing = [str(path) for path in found if not path.is_file()]
    if missing:
        raise DataError(f"mirror {folder}: no such file {', '.join(missing)}; expected the dataset's official files")
    return found
