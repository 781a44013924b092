"""Vectors, codes and ranks that another clone takes, by fabricated records."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from semtok.archive import archives, datasets_of, fetch, jobs_of, main, write_archive
from semtok.errors import DataError, SemtokError
from semtok.run.records import checksum

OPTIONS = {"options": {"steps": 4, "hidden_dims": [8]}}


def record(results, rule, name, inputs, outputs, config=OPTIONS):
    """Write a job's outputs, each of its own bytes, and its record."""
    for path in outputs:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(f"bytes of {path.split('/', 1)[1]}".encode())
    content = {"rule": rule, "wildcards": {"dataset": "mind", "seed": "0"}, "code": f"code of {rule}", "config": config}
    for side, paths in (("inputs", inputs), ("outputs", outputs)):
        content[side] = [{"path": path, "sha256": checksum(path) if Path(path).exists() else "0"} for path in paths]
    target = Path(results, "records", rule, f"{name}.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(content))


def prepare(results):
    record(results, "prepare", "mind", [".../mind.zip"], [f"{results}/data/mind/items.parquet"], {})


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A run in `there/`: data, vectors, codes with a model, ranks."""
    monkeypatch.chdir(tmp_path)
    prepare("there")
    items, vectors = "there/data/mind/items.parquet", "there/encoders/mind/tfidf.npy"
    codes, model = (f"there/tokenizers/mind/cost/0/{name}" for name in ("codes.npy", "model.safetensors"))
    ranks = "there/recommenders/mind/cost/tiger/0/ranks.parquet"
    record("there", "encode_text", "mind/tfidf", [items], [vectors])
    record("there", "tokenize", "mind/cost/0", [vectors], [codes, model])
    record("there", "decode", "mind/cost/tiger/0", [codes, items], [ranks])
    record("there", "ranking_table", "table2", [ranks], ["there/papers/cost/table2.csv"])
    return write_archive(Path("there"), Path())


def same(rule, wildcards):
    return ({} if rule == "prepare" else OPTIONS) | {"code": f"code of {rule}"}


TAKEN = [
    "encoders/mind/tfidf.npy",
    "recommenders/mind/cost/tiger/0/ranks.parquet",
    "tokenizers/mind/cost/0/codes.npy",
]


def test_a_clone_with_the_same_data_takes_all_but_data_weights_and_tables(there):
    prepare("here")
    found = fetch(there, Path("here"), same)
    assert (sorted(found.taken), found.here, found.refused) == (TAKEN, 0, {})
    for path in TAKEN:
        assert Path("here", path).read_bytes() == Path("there", path).read_bytes()
    assert len({Path("here", path).stat().st_mtime for path in TAKEN}) == 1
    assert datasets_of(there) == ["mind"]


def test_what_was_taken_has_the_records_of_its_jobs_and_is_not_taken_twice(there):
    prepare("here")
    fetch(there, Path("here"), same)
    told = json.loads(Path("here/records/tokenize/mind/cost/0.json").read_text())
    assert [file["path"] for file in told["inputs"]] == ["here/encoders/mind/tfidf.npy"]
    assert told["outputs"][0]["path"] == "here/tokenizers/mind/cost/0/codes.npy"
    again = fetch(there, Path("here"), same)
    assert (again.taken, again.here) == ([], 3)


def test_its_name_comes_from_its_content_and_the_same_results_give_the_same_bytes(there):
    before = there.read_bytes()
    assert write_archive(Path("there"), Path("elsewhere")).name == there.name
    assert Path("elsewhere", there.name).read_bytes() == before
    assert archives(Path("elsewhere")) == [Path("elsewhere", there.name)]


def test_other_options_of_a_tokenizer_leave_it_and_its_ranks_where_they_are(there):
    prepare("here")

    def longer(rule, wildcards):
        steps = 5 if rule == "tokenize" else 4
        return {"options": {"steps": steps, "hidden_dims": [8]}, "code": f"code of {rule}"}

    found = fetch(there, Path("here"), longer)
    assert found.taken == ["encoders/mind/tfidf.npy"]
    assert found.refused == {
        "tokenize/mind/cost/0": "other options, options.steps: 5 here, 4 there",
        "decode/mind/cost/tiger/0": (
            "made from tokenizers/mind/cost/0/codes.npy: other options, options.steps: 5 here, 4 there"
        ),
    }
    assert not Path("here/tokenizers").exists()


def test_other_code_and_a_job_that_is_no_more(there):
    prepare("here")
    found = fetch(there, Path("here"), lambda rule, wildcards: OPTIONS | {"code": "newer"})
    assert found.taken == []
    assert found.refused["encode_text/mind/tfidf"] == "other code"
    assert set(fetch(there, Path("here"), lambda rule, wildcards: None).refused.values()) == {"no job of this config"}


def test_other_data_take_nothing(there):
    prepare("here")
    Path("here/data/mind/items.parquet").write_bytes(b"another catalogue")
    found = fetch(there, Path("here"), same)
    assert found.taken == []
    assert found.refused["encode_text/mind/tfidf"] == ("made from another here/data/mind/items.parquet than that here")


def test_without_data_nothing_is_taken(there):
    found = fetch(there, Path("here"), same)
    assert found.taken == []
    assert found.refused["encode_text/mind/tfidf"] == (
        "made from data/mind/items.parquet: made from .../mind.zip, which is not here"
    )


def test_what_is_here_and_differs_is_kept_and_nothing_is_taken_that_came_from_another(there):
    prepare("here")
    Path("here/encoders/mind").mkdir(parents=True)
    Path("here/encoders/mind/tfidf.npy").write_bytes(b"my own vectors")
    found = fetch(there, Path("here"), same)
    assert found.taken == []
    assert Path("here/encoders/mind/tfidf.npy").read_bytes() == b"my own vectors"
    assert "made from another here/encoders/mind/tfidf.npy" in found.refused["tokenize/mind/cost/0"]


def test_a_result_that_was_changed_by_hand_is_not_archived(there):
    Path("there/tokenizers/mind/cost/0/codes.npy").write_bytes(b"changed")
    with pytest.raises(SemtokError, match=r"there/tokenizers/mind/cost/0/codes\.npy: its SHA-256 is not that"):
        write_archive(Path("there"), Path())


def test_an_absolute_path_gives_the_same_archive(there, tmp_path, capsys):
    main(["there"])
    main([str(tmp_path / "there")])
    first, second = capsys.readouterr().out.split()
    assert first == second


def test_a_folder_without_results_is_told(tmp_path):
    with pytest.raises(SystemExit, match="found no vectors, codes or ranks"):
        main([str(tmp_path)])


def rewritten(archive, change):
    """The archive with its members changed, in another file."""
    with zipfile.ZipFile(archive) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    change(members)
    with zipfile.ZipFile("changed.zip", "w") as written:
        for name, content in members.items():
            written.writestr(name, content)
    return Path("changed.zip")


def test_changed_bytes_are_found_and_leave_no_file(there):
    prepare("here")
    codes = checksum("there/encoders/mind/tfidf.npy")
    changed = rewritten(there, lambda members: members.update({codes: b"other vectors"}))
    with pytest.raises(DataError, match=rf"changed.zip: {codes}: found the SHA-256"):
        fetch(changed, Path("here"), same)
    assert not Path("here/encoders/mind/tfidf.npy").exists()


@pytest.mark.parametrize("name", ["../outside.npy", "/outside.npy", "encoders/../../outside.npy"])
def test_names_that_lead_out_are_refused(there, name):
    def change(members):
        jobs = json.loads(members["jobs.json"])
        jobs["jobs"]["encode_text/mind/tfidf.json"]["outputs"][0]["path"] = name
        members["jobs.json"] = json.dumps(jobs).encode()

    with pytest.raises(DataError, match="expected only names below the folder of results"):
        jobs_of(rewritten(there, change))


def test_what_is_no_archive_is_refused(there):
    Path("no.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"no\.zip"):
        jobs_of(Path("no.zip"))
    with pytest.raises(DataError, match=r"found no jobs\.json"):
        jobs_of(rewritten(there, lambda members: members.pop("jobs.json")))
    shutil.rmtree("there")
    with pytest.raises(DataError, match="found no archive"):
        archives(Path("there"))
