import logging

import pytest

from semtok.errors import DataError
from semtok.jobs import identity, job


def test_a_users_mistake_ends_the_job_with_its_message_alone(tmp_path):
    log = tmp_path / "job.log"
    with pytest.raises(SystemExit, match=r"error: reviews\.json\.gz, line 3"), job(str(log), 1):
        raise DataError("reviews.json.gz, line 3: found nothing")
    assert "Traceback" not in log.read_text()
    assert "reviews.json.gz, line 3: found nothing" in log.read_text()


def test_a_defect_keeps_its_traceback(tmp_path):
    log = tmp_path / "job.log"
    with pytest.raises(ZeroDivisionError), job(str(log), 1):  # noqa: PT012
        logging.getLogger("semtok.x").info("before")
        raise ZeroDivisionError
    assert "Traceback" in log.read_text()
    assert "before" in log.read_text()


def test_identity_sees_options_and_bytes(tmp_path):
    codes = tmp_path / "codes.npy"
    codes.write_bytes(b"1")
    first = identity({"epochs": 1, "code": "x"}, [str(codes)])
    assert identity({"code": "x", "epochs": 1}, [str(codes)]) == first
    assert identity({"epochs": 2, "code": "x"}, [str(codes)]) != first
    codes.write_bytes(b"2")
    assert identity({"epochs": 1, "code": "x"}, [str(codes)]) != first
