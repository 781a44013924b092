"""What an encoder may learn from: the train interactions and nothing else."""

from pathlib import Path

import pandas as pd

from semtok.errors import DataError
from semtok.run.files import read_table


def read_train(path: str | Path) -> pd.DataFrame:
    """Columns `user`, `item`, `timestamp` of the train interactions, sorted by user and time.

    Raises DataError where there are none.
    """
    train = read_table(path, columns=["user", "item", "timestamp"], filters=[("split", "==", "train")])
    if train.empty:
        raise DataError(f"{path}: no interaction of split train; expected at least one")
    return train
