"""The crate of a project of three files. The crate of a whole run: tests/workflow/test_provenance.py."""

import json
import zipfile
from pathlib import Path

import pytest
from rocrate.rocrate import ROCrate

from semtok.errors import SemtokError
from semtok.papers.crate import make_crate
from semtok.plan.shared import project_files
from semtok.run.files import sha256, write_json, write_text
from semtok.verify import METADATA, compare_with_crate, main, verify_crate, verify_results

RESULTS = Path("results/cpu")
TABLE = "results/cpu/table2.csv"
CODES = "results/cpu/tokenizers/mind/cost+temperature=0.5/0/codes.npy"
SHARED = [TABLE, "results/cpu/table2.provenance.json"]


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_text("Snakefile", "")
    write_text("config/config.yaml", "seeds: [0]")
    for path in (TABLE, CODES, "results/cpu/tokenizers/mind/cost+temperature=0.5/0/model.safetensors"):
        write_text(path, path)
    jobs = [
        {"started": f"2026-01-0{day}T00:00:00+00:00", "outputs": [{"path": str(path), "sha256": sha256(path)}]}
        for day, path in enumerate([*RESULTS.rglob("*/0/*"), TABLE], start=1)
    ]
    content = {"table": TABLE, "files": jobs[-1]["outputs"], "data": [{"source": "synthetic"}], "jobs": jobs}
    write_json("results/cpu/table2.provenance.json", content)


def crate(name: str = "crate.zip") -> Path:
    make_crate(SHARED, project_files(), {"seeds": [0], "mirror": "/data/someone"}, RESULTS / name)
    return RESULTS / name


def test_the_same_results_are_the_same_archive():
    assert crate("a.zip").read_bytes() == crate("b.zip").read_bytes()


def test_it_holds_tables_and_codes_but_no_weights_and_no_path():
    with zipfile.ZipFile(crate()) as archive:
        assert sorted(archive.namelist()) == sorted(
            ["Snakefile", "config/config.yaml", "results/cpu/config.yaml", *SHARED, CODES, METADATA]
        )
        assert b"someone" not in archive.read("results/cpu/config.yaml")
        assert json.loads(archive.read(METADATA))["@graph"][0]["datePublished"] == "2026-01-03"


def test_what_it_holds_of_the_workflow_is_in_the_params_of_its_job():
    write_text("config/papers/cost.yaml", "title: one")
    before = project_files()
    assert set(before) == {"Snakefile", "config/config.yaml", "config/papers/cost.yaml"}
    write_text("config/papers/cost.yaml", "title: another")
    assert {path for path, checksum in project_files().items() if checksum != before[path]} == {
        "config/papers/cost.yaml"
    }


def test_others_read_it():
    read = ROCrate(crate())
    assert read.mainEntity.id == "Snakefile"
    assert read.mainEntity["programmingLanguage"]["name"] == "Snakemake"
    profiles = [profile if isinstance(profile, str) else profile.id for profile in read.metadata["conformsTo"]]
    assert "https://w3id.org/workflowhub/workflow-ro-crate/1.0" in profiles


def test_a_result_that_changed_is_not_shared():
    write_text(CODES, "other")
    with pytest.raises(SemtokError, match=r"codes\.npy: not the file that .*table2\.provenance\.json tells of"):
        crate()


def test_a_config_with_a_path_is_not_shared():
    write_text("config/config.yaml", "mirror: /data/someone")
    with pytest.raises(SemtokError, match="holds a path outside the project"):
        crate()


def test_results_and_crate_are_verified_whatever_their_folder(capsys):
    path = crate()
    assert verify_results(Path(), RESULTS).wrong == verify_crate(path).wrong == set()
    assert main([str(RESULTS)]) == main([str(path)]) == main([str(path), "--against", "."]) == 0
    write_text(CODES, "other")
    Path(TABLE).unlink()
    assert main([str(RESULTS)]) == main([str(path), "--against", "."]) == 1
    assert f"WRONG  {CODES}: its SHA-256 is" in capsys.readouterr().out
    assert compare_with_crate(path, Path()).absent == {TABLE}
    assert {line.split(":")[0] for line in verify_results(Path(), RESULTS).wrong} == {CODES, TABLE}


def test_what_is_no_crate_is_said_in_one_line(tmp_path):
    write_text("broken.zip", "no zip")
    with zipfile.ZipFile("other.zip", "w") as archive:
        archive.writestr("a", "a")
    for name, message in {"absent.zip": "No such file", "broken.zip": "cannot be read", "other.zip": METADATA}.items():
        with pytest.raises(SystemExit, match=f"error: .*{message}"):
            main([name])
    with pytest.raises(SystemExit, match="expected the results of a project"):
        main(["elsewhere"])
