"""From a user's files to a config that runs."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from semtok.__main__ import main
from support.own_tables import FORMS, own_interactions, own_items, write_table
from support.project import Project, copy_of_the_project


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    return copy_of_the_project(tmp_path_factory.mktemp("new") / "project")


@pytest.fixture
def command(project, monkeypatch, capsys):
    """Runs `semtok new-dataset` in the project; gives what it says."""

    def run(*arguments: object, rc: int = 0) -> str:
        monkeypatch.chdir(project.root)
        assert main(["new-dataset", *map(str, arguments)]) == rc
        said = capsys.readouterr()
        return said.err if rc else said.out

    return run


def files(folder: Path, form: str, interactions: pd.DataFrame | None = None, items: pd.DataFrame | None = None):
    interactions = own_interactions() if interactions is None else interactions
    return (
        write_table(interactions, folder, "interactions", form),
        write_table(own_items() if items is None else items, folder, "items", form),
    )


def written(project: Project, name: str) -> dict:
    return yaml.safe_load((project.root / f"{name}.yaml").read_text())


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_a_config_that_passes(project, command, tmp_path, form):
    name = f"shop-{form.replace('.', '-')}"
    said = command(*files(tmp_path, form), "--name", name)
    expected = own_interactions()
    assert f"{expected['user_id'].nunique()} users, " in said
    assert f" {len(expected)} interactions" in said
    assert "100.0% of the items have text" in said
    assert f"written: {name}.yaml" in said
    dataset = written(project, name)["datasets"][name]
    assert dataset["text_fields"] == ["title", "brand"]
    assert "synthetic" not in dataset


def test_the_jobs_behind_the_config(project, command, tmp_path):
    said = command(*files(tmp_path / "corner", "csv"))
    (project.root / "tiny.yaml").write_text((project.root / "corner.yaml").read_text())
    everything = [job.rule for job in project.planned()]
    assert everything.count("prepare") == 1
    assert everything.count("train") == everything.count("evaluate") == 4
    assert "claims" not in everything
    assert "synthesize" not in everything
    # What it says to type is what can be asked for.
    targets = re.findall(r"^  snakemake --configfile corner\.yaml -- (\S+)", said, flags=re.MULTILINE)
    assert [job.rule for job in project.planned(targets[0])] == ["prepare"]
    assert {"ranking_table", "stacked_table"} <= {job.rule for job in project.planned(targets[1])}


def test_a_small_csv_is_prepared(project, command, tmp_path):
    command(*files(tmp_path / "kiosk", "csv"))
    target = "results/kiosk/data/kiosk/stats.json"
    (project.root / "tiny.yaml").write_text((project.root / "kiosk.yaml").read_text())
    project.snakemake("--cores", "1", "--", target, "results/kiosk/papers/own/table1.md")
    interactions = pd.read_parquet(project.root / "results/kiosk/data/kiosk/interactions.parquet")
    items = pd.read_parquet(project.root / "results/kiosk/data/kiosk/items.parquet")
    assert set(items["raw_id"]) <= set(own_items()["item_id"].astype(str))
    minima = written(project, "kiosk")["datasets"]["kiosk"]["filters"]
    assert interactions.groupby("user").size().min() >= minima["min_user_length"]
    table = (project.root / "results/kiosk/papers/own/table1.md").read_text()
    assert f"| kiosk | own | {interactions['user'].nunique()} | {len(items)} | {len(interactions)} |" in table
    assert "paper" not in table.lower()


def test_without_items_codes_come_from_interactions(project, command, tmp_path):
    path, _ = files(tmp_path / "bare", "csv")
    command(path)
    config = written(project, "bare")
    assert config["tokenizers"]["cost"]["encoder"] == "als"
    (project.root / "tiny.yaml").write_text((project.root / "bare.yaml").read_text())
    assert "encode_text" not in {job.rule for job in project.planned()}
    assert "encode_collaborative" in {job.rule for job in project.planned()}


def test_places_bad_rows_and_few_interactions_are_told(command, tmp_path):
    items = own_items().assign(lat=40.5, lon=[None, *np.linspace(-74, -73, 59)])
    items.loc[0, "lat"] = None
    rows = own_interactions().groupby("user_id").head(3).astype({"timestamp": object})
    rows.iloc[0, 2] = "never"
    said = command(*files(tmp_path / "town", "csv", rows, items))
    assert re.search(r"interactions\.csv: 120 rows, unusable: 1 bad_date\n  line 2: bad_date: 'never'\n", said)
    assert re.search(r"9\d\.\d% of the items have coordinates", said)
    assert "with at least 3 interactions a user and 1 an item: 39 users" in said


def test_what_is_repeated_or_few_is_told(command, tmp_path):
    rows, items = own_interactions(), own_items()
    rows = rows[rows["user_id"] == rows["user_id"].iloc[0]]
    rows, items = pd.concat([rows, rows.iloc[:1]]), pd.concat([items, items])
    said = command(*files(tmp_path / "lonely", "csv", rows, items))
    assert "1 rows repeat another's user, item and time and are kept" in said
    assert re.search(r"\d+ items have several rows, of which the first counts, such as \S+, ", said)
    assert "items.csv: 120 rows, unusable: none\n  id item_id; text: title, brand\n" in said
    assert "warning: only 1 users are left; expected 20 or more" in said


def test_bytes_that_are_no_utf8_are_named(command, tmp_path):
    path = tmp_path / "cafe.csv"
    path.write_bytes("user,item,time\n1,th\xe906,1112486027\n".encode("latin-1"))
    said = command(path, rc=1)
    assert r"th\xe906" in said
    assert "undecodable: no UTF-8; expected that, as by iconv -f LATIN1 -t UTF-8" in said


def test_items_without_texts_are_kept_where_they_are_many(project, command, tmp_path):
    items = own_items().assign(title=["", "a word", "", "another"] * 15, brand=["", "x", "", "y"] * 15)
    said = command(*files(tmp_path / "mute", "csv", items=items))
    assert re.search(r"[45]\d\.\d% of the items have text", said)
    dataset = written(project, "mute")["datasets"]["mute"]
    assert dataset["filters"]["without_text"] == "keep"
    assert dataset["text_fields"] == ["title", "brand"]


def test_a_minimum_that_no_rating_reaches_is_told(command, tmp_path):
    rated = own_interactions().assign(stars=3)
    path, _ = files(tmp_path / "low", "csv", rated)
    assert "expected a lower --min-rating than 4" in command(path, "--rating", "stars", "--min-rating", 4, rc=1)


def test_files_that_do_not_belong_together_are_refused(command, tmp_path):
    items = own_items().assign(item_id=lambda table: table["item_id"] + 1000)
    said = command(*files(tmp_path / "odd", "csv", items=items), rc=1)
    assert "interactions have items that it does not list" in said
    assert "--id COLUMN" in said


def test_a_config_that_is_there_is_not_written_over(command, tmp_path):
    paths = files(tmp_path / "twice", "csv")
    command(*paths)
    assert "expected --force, or another --name" in command(*paths, rc=1)
    command(*paths, "--force")


def test_other_mistakes_are_one_line(command, tmp_path):
    assert "gone.csv: no such file" in command(tmp_path / "gone.csv", rc=1)
    assert "expected a file that ends in .csv" in command(tmp_path / "x.xls", rc=1)
    renamed = own_interactions().rename(columns={"user_id": "who"})
    assert "--user COLUMN" in command(*files(tmp_path / "renamed", "csv", renamed), rc=1)
    path = write_table(own_interactions(), tmp_path, "my data", "csv")
    assert "my data.csv" in command(path, rc=1)
    said = command(path, "--name", "Mein Shop", rc=1)
    assert said == "error: --name 'Mein Shop': expected letters, digits, - and _, such as 'Mein-Shop'\n"
