import logging
from pathlib import Path

import pytest

from semtok.errors import DataError
from semtok.run import records
from semtok.run.files import read_json
from semtok.run.jobs import identity, job
from support.jobs import snakemake_object

LOG = Path("results/logs/job.log")
RECORD = Path("results/records/job.json")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_users_mistake_ends_the_job_with_its_message_alone():
    log = LOG
    with pytest.raises(SystemExit, match=r"error: reviews\.json\.gz, line 3"), job(snakemake_object([], [])):
        raise DataError("reviews.json.gz, line 3: found nothing")
    assert "Traceback" not in log.read_text()
    assert "reviews.json.gz, line 3: found nothing" in log.read_text()


def test_a_defect_keeps_its_traceback():
    log = LOG
    with pytest.raises(ZeroDivisionError), job(snakemake_object([], [])):  # noqa: PT012
        logging.getLogger("semtok.x").info("before")
        raise ZeroDivisionError
    assert "Traceback" in log.read_text()
    assert "before" in log.read_text()


def test_only_a_job_that_ended_well_has_a_record():
    Path("codes.npy").write_bytes(b"1")
    with job(snakemake_object([], ["codes.npy"])):
        assert not RECORD.exists()
    assert read_json(RECORD)["outputs"][0]["path"] == "codes.npy"
    with pytest.raises(SystemExit), job(snakemake_object([], ["codes.npy"])):
        raise DataError("the second time")
    assert not RECORD.exists()


def test_a_record_that_cannot_be_written_fails_no_job(monkeypatch):
    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(records, "write_json", full)
    with job(snakemake_object([], [])):
        pass
    assert "no record of this job was written" in LOG.read_text()


def test_identity_sees_options_and_bytes(tmp_path):
    codes = tmp_path / "codes.npy"
    codes.write_bytes(b"1")
    first = identity({"epochs": 1, "code": "x"}, [str(codes)])
    assert identity({"code": "x", "epochs": 1}, [str(codes)]) == first
    assert identity({"epochs": 2, "code": "x"}, [str(codes)]) != first
    codes.write_bytes(b"2")
    assert identity({"epochs": 1, "code": "x"}, [str(codes)]) != first
