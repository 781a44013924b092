"""A table's provenance after a complete run, and the crate that others verify it by."""

import json
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest

from semtok.run.files import read_json
from semtok.verify import METADATA, compare_with_crate, verify_crate, verify_results
from support.project import ROOT, Job, Project

TABLE = "results/papers/cost/table2"
WITHOUT_TORCH = {
    "synthesize",
    "prepare",
    "encode_text",
    "rank_untrained",
    "diagnose",
    "ranking_table",
    "table",
    "stacked_table",
}


@pytest.fixture(scope="module")
def crate(finished: Project) -> Path:
    finished.snakemake("--cores", "2", "--", "results/ro-crate.zip")
    return finished.root / "results/ro-crate.zip"


def test_every_table_has_its_provenance(finished: Project):
    tables = ["results/table1", "results/table2", "results/papers/cost/table1", TABLE]
    assert all(read_json(finished.root / f"{name}.provenance.json")["table"] == f"{name}.csv" for name in tables)


def test_it_names_data_config_code_seeds_and_every_job(finished: Project):
    found = read_json(finished.root / f"{TABLE}.provenance.json")
    (mind,) = found["data"]
    assert (mind["dataset"], mind["source"]) == ("mind", "synthetic")
    assert len(mind["raw_files"][0]["sha256"]) == 64
    rules = [job["rule"] for job in found["jobs"]]
    assert {rule: rules.count(rule) for rule in set(rules)} == {
        **{"synthesize": 1, "prepare": 1, "encode_text": 1, "rank_untrained": 1, "ranking_table": 1},
        **{"tokenize": 4, "diagnose": 4, "train": 4, "decode": 4, "evaluate": 4},
    }
    cost = next(job for job in found["jobs"] if job["rule"] == "tokenize" and job["wildcards"]["tokenizer"] == "cost")
    assert cost["config"]["options"]["temperature"] == 0.1
    assert cost["seconds"] > 0
    assert cost["peak_memory_mb"] > 50
    assert found["environments"][cost["environment"]]["hardware"]["device"] == "cpu"
    assert all(len(job["code"]) == 16 for job in found["jobs"])
    assert found["seeds"] == [0]
    assert found["warnings"] == found["without_record"] == found["brought"] == []


def test_jobs_that_need_no_torch_do_not_load_it(finished: Project):
    seen = set()
    for name in ("table1", "table2"):
        found = read_json(finished.root / f"results/{name}.provenance.json")
        for job in found["jobs"]:
            if job["rule"] in WITHOUT_TORCH:
                assert "torch" not in found["environments"][job["environment"]]["packages"], job["rule"]
            seen.add(job["rule"])
    assert seen >= WITHOUT_TORCH


def test_neither_records_nor_provenance_rerun_anything(project: Project):
    shutil.rmtree(project.root / "results/records")
    path = project.root / "src/semtok/run/records.py"
    path.write_text(path.read_text() + "\n\nEDITED = True\n")
    assert project.planned("results/table1.csv", "results/table2.csv") == set()
    (project.root / f"{TABLE}.provenance.json").unlink()
    assert Job("ranking_table", "paper=cost, exhibit=table2") in project.planned(f"{TABLE}.provenance.json")


def test_an_altered_table_is_detected(project: Project):
    assert verify_results(project.root).wrong == set()
    table = project.root / f"{TABLE}.csv"
    table.write_text(table.read_text().replace("0.", "0.9", 1))
    codes = project.root / "results/tokenizers/mind/cost/0/codes.npy"
    codes.write_bytes(codes.read_bytes()[:-1] + b"\x07")
    found = verify_results(project.root)
    assert sorted({line.split(":")[0] for line in found.wrong}) == [
        f"{TABLE}.csv",
        "results/tokenizers/mind/cost/0/codes.npy",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "semtok.verify"],
        cwd=project.root,
        env={"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"WRONG  {TABLE}.csv" in done.stdout


def test_the_crate_describes_itself(crate: Path):
    assert verify_crate(crate).wrong == set()
    with zipfile.ZipFile(crate) as archive:
        metadata = json.loads(archive.read(METADATA))
        sizes = {member.filename: member.file_size for member in archive.infolist()}
    context, terms = metadata["@context"]
    assert context == "https://w3id.org/ro/crate/1.1/context"
    assert set(terms) == {"sha256"}
    entities = {entity["@id"]: entity for entity in metadata["@graph"]}
    assert len(entities) == len(metadata["@graph"])
    assert entities[METADATA]["about"] == {"@id": "./"}
    root = entities["./"]
    assert {"name", "description", "datePublished", "license", "mainEntity"} <= set(root)
    assert "ComputationalWorkflow" in entities[root["mainEntity"]["@id"]]["@type"]
    parts = {unquote(part["@id"]): entities[part["@id"]] for part in root["hasPart"]}
    assert parts.keys() == set(sizes) - {METADATA}
    assert all(int(part["contentSize"]) == sizes[name] for name, part in parts.items())
    # Whatever an entity refers to is described as well, or is a page of the web.
    for entity in metadata["@graph"]:
        for value in entity.values():
            for reference in value if isinstance(value, list) else [value]:
                if isinstance(reference, dict):
                    assert reference["@id"] in entities or reference["@id"].startswith("https://")
    for name in ("ranks.parquet", "codes.npy", "table2.csv", "table2.provenance.json", "claims.csv", "tokenize.py"):
        assert any(part.endswith(f"/{name}") for part in parts), name
    assert not [part for part in parts if part.endswith((".safetensors", "interactions.parquet", ".zip", ".pyc"))]


def test_nothing_shared_names_this_machine(crate: Path, finished: Project):
    personal = [str(finished.root), str(ROOT), str(Path.home() / ""), socket.gethostname()]
    with zipfile.ZipFile(crate) as archive:
        for name in archive.namelist():
            if name.startswith("results/") or name == METADATA:
                content = archive.read(name)
                assert not [text for text in personal if len(text) > 5 and text.encode() in content], name


def test_an_altered_crate_is_detected(crate: Path, tmp_path: Path):
    altered = tmp_path / "altered.zip"
    with zipfile.ZipFile(crate) as archive, zipfile.ZipFile(altered, "w") as other:
        for name in archive.namelist():
            if name != "results/table1.csv":
                other.writestr(name, archive.read(name) + (b"\n" if name == f"{TABLE}.csv" else b""))
        other.writestr("results/more.csv", "not listed")
    said = sorted({line.split(":")[0] for line in verify_crate(altered).wrong})
    assert said == ["results/more.csv", f"{TABLE}.csv", "results/table1.csv"]


def test_tables_are_made_again_from_the_ranks_of_a_crate(crate: Path, tmp_path: Path):
    """A newcomer has the archive alone: no data set, no weights, no record, and nothing of Snakemake's."""
    with zipfile.ZipFile(crate) as archive:
        archive.extractall(tmp_path / "unpacked")
    unpacked = Project(tmp_path / "unpacked")
    shutil.copy(unpacked.root / "results/config.yaml", unpacked.root / "tiny.yaml")
    before = (unpacked.root / f"{TABLE}.csv").read_bytes()
    (unpacked.root / f"{TABLE}.csv").unlink()
    (unpacked.root / "results/table2.csv").unlink()
    unpacked.snakemake("--cores", "2", "--allowed-rules", "ranking_table", "stacked_table", "--", "results/table2.csv")
    assert (unpacked.root / f"{TABLE}.csv").read_bytes() == before
    assert compare_with_crate(crate, unpacked.root).wrong == set()
    assert len(read_json(unpacked.root / f"{TABLE}.provenance.json")["without_record"]) >= 4
