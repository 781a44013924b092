"""README's "On your data" and docs/data.md's "Tables of your own", as they stand there."""

import re

import pandas as pd
import yaml

from semtok.__main__ import COMMANDS, main
from semtok.config.data import Dataset
from semtok.data.prepare import Outputs, prepare_dataset
from support.own_tables import own_interactions, own_items, write_table
from support.project import ROOT, copy_of_the_project


def section(path, title):
    return (ROOT / path).read_text().split(f"## {title}\n")[1].split("\n## ")[0]


def commands(text, start):
    """What stands behind `start` in the indented lines, without the remark at the end."""
    return [line.split("  #")[0].strip() for line in re.findall(rf"^    {start}(.*)$", text, flags=re.MULTILINE)]


def test_a_dataset_of_ones_own(tmp_path, monkeypatch):
    text = section("README.md", "On your data")
    (content,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    (command,) = commands(text, "semtok new-dataset")
    folder = tmp_path / "shop"
    write_table(own_interactions(), folder, "interactions", "csv")
    write_table(own_items(), folder, "items", "csv")
    project = copy_of_the_project(tmp_path / "project")
    monkeypatch.chdir(project.root)
    assert main(["new-dataset", *command.replace("/path/to/shop", str(folder)).split()]) == 0

    # The config is what README shows, and more.
    written = (project.root / "shop.yaml").read_text()
    shown = yaml.safe_load(content.replace("/path/to/shop", str(folder)))
    assert shown.items() <= yaml.safe_load(written).items()

    (project.root / "tiny.yaml").write_text(written)
    targets = [line.partition("-- ")[2] for line in commands(text, "snakemake --configfile shop.yaml ")]
    jobs = [{job.rule for job in project.planned(target)} for target in targets]
    assert jobs[0] == {"prepare"}
    assert {"ranking_table", "rank_untrained", "train"} <= jobs[1]
    assert {"tokenize", "decode", "evaluate"} <= jobs[2]
    assert [line.partition("-- ")[2] for line in commands(text, "semtok plan")] == [targets[1]]
    assert {"new-dataset", "plan"} <= COMMANDS.keys()


def test_a_table_that_is_described_by_hand(tmp_path):
    text = section("docs/data.md", "Tables of your own")
    content = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)[0]
    (target,) = (line.partition("-- ")[2] for line in commands(text, "snakemake"))
    visits = own_interactions().rename(columns={"user_id": "who", "item_id": "where", "timestamp": "when"})
    visits["when"] = pd.to_datetime(visits["when"], unit="s").astype(str)
    visits["stars"] = [5, 4, 5, 4, 5, 4, 5, 4, 3, 4] * (len(visits) // 10) + [5] * (len(visits) % 10)
    places = own_items().rename(columns={"item_id": "place", "title": "name", "brand": "about"})
    places = places.assign(lat=40.7, lon=-73.9, photo="photos/1.jpg")
    folder = tmp_path / "town"
    files = [write_table(visits, folder, "visits", "tsv"), write_table(places, folder, "places", "jsonl")]

    project = copy_of_the_project(tmp_path / "project")
    described = content.replace("/path/to/town", str(folder)).replace("visits.tsv.gz", "visits.tsv")
    (project.root / "tiny.yaml").write_text(described)
    assert [job.rule for job in project.planned(target)] == ["prepare"]

    dataset = Dataset.model_validate(yaml.safe_load(described)["datasets"]["town"])
    assert dataset.has_places
    names = ("items", "interactions", "targets")
    outputs = Outputs(*(tmp_path / f"{name}.parquet" for name in names), tmp_path / "stats.json")
    stats = prepare_dataset(dataset, "mirror", files, outputs)
    assert stats["counts"]["ratings_below_the_minimum"] == len(visits) // 10
    assert {"name", "about", "latitude", "longitude", "image"} <= set(pd.read_parquet(outputs.items).columns)
