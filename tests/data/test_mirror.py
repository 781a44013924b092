import pytest

from semtok.data.mirror import find
from semtok.errors import DataError


def test_files_lie_below_the_folder_and_every_missing_one_is_named(tmp_path):
    (tmp_path / "mind").mkdir()
    (tmp_path / "mind" / "a.zip").touch()
    assert find(tmp_path, ["mind/a.zip"]) == [tmp_path / "mind" / "a.zip"]
    with pytest.raises(DataError, match=r"no such file .*b\.zip, .*c\.zip"):
        find(tmp_path, ["mind/a.zip", "mind/b.zip", "c.zip"])
