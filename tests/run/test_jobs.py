import logging
from contextlib import suppress
from pathlib import Path

import pytest

from semtok.errors import DataError, SemtokError
from semtok.run import records
from semtok.run.files import read_json
from semtok.run.jobs import identity, job
from support.disks import tmpfs
from support.jobs import snakemake_object

LOG = Path("results/logs/job.log")
RECORD = Path("results/records/job.json")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_log_begins_with_the_job():
    with job(snakemake_object([], [], "train")):
        pass
    assert "train seed=0" in Path("results/logs/train.log").read_text()


def test_a_users_mistake_is_told_in_the_log_alone(capfd):
    with pytest.raises(SystemExit) as end, job(snakemake_object([], [])):
        raise DataError("reviews.json.gz, line 3: found nothing")
    assert end.value.code == 1
    assert capfd.readouterr().err == ""
    assert "Traceback" not in LOG.read_text()
    assert LOG.read_text().count("reviews.json.gz, line 3: found nothing") == 1


def test_a_defect_keeps_its_traceback():
    with pytest.raises(SystemExit), job(snakemake_object([], [])):  # noqa: PT012
        logging.getLogger("semtok.x").info("before")
        raise ZeroDivisionError
    assert "Traceback" in LOG.read_text()
    assert "before" in LOG.read_text()


def test_an_error_that_the_log_cannot_take_is_told_on_the_screen(tmp_path):
    with tmpfs(tmp_path / "results", "64k"):
        filled = snakemake_object([], [])
        with pytest.raises(SystemExit, match=r"error: out\.npy: the disk is full"), job(filled):  # noqa: PT012
            with suppress(OSError):
                Path("results/fill").write_bytes(bytes(1 << 17))
            logging.getLogger("semtok.x").info("x" * 10_000)
            raise SemtokError("out.npy: the disk is full")


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
