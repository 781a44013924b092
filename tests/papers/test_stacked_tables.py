import pandas as pd
import pytest

from semtok.errors import DataError
from semtok.papers import statistics_table
from semtok.papers.measured import COLUMNS
from semtok.papers.stacked_table import stack

RANKING = {"paper": "cost", "table": "table2", "dataset": "MIND", "method": "Random", "metric": "recall", "k": "5"}
STATISTICS = {"paper": "cost", "table": "table1", "dataset": "MIND", "source": "mirror", "statistic": "users"}


def write(path, columns, *rows):
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


def test_tables_stack_as_they_are(tmp_path):
    first = write(tmp_path / "1.csv", COLUMNS, {**RANKING, "mean": "0.10"}, {**RANKING, "k": "10"})
    second = write(tmp_path / "2.csv", COLUMNS, {**RANKING, "paper": "simcit", "seeds": "2"})
    stack([first, second], tmp_path / "all.csv")
    # Nothing is parsed on the way: the rows are the same text.
    expected = [*first.read_text().splitlines(), *second.read_text().splitlines()[1:]]
    assert (tmp_path / "all.csv").read_text().splitlines() == expected


def test_statistics_stack_in_the_columns_of_a_ranking_table(tmp_path):
    row = {**STATISTICS, "printed": "29207.0", "value": "3.0", "note": "none"}
    stack([write(tmp_path / "1.csv", statistics_table.COLUMNS, row)], tmp_path / "all.csv")
    lines = (tmp_path / "all.csv").read_text().splitlines()
    assert lines == [",".join(COLUMNS), "cost,table1,MIND,mirror,,,users,,29207.0,3.0,,,,,"]


def test_other_files_do_not_stack(tmp_path):
    with pytest.raises(DataError, match=r"1.csv: found columns paper, value; expected those of a table"):
        stack([write(tmp_path / "1.csv", ["paper", "value"])], tmp_path / "all.csv")
