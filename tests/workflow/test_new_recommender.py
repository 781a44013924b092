"""A stranger adds a recommender as docs/extending.md says: one file outside of the package, one entry of the config."""

import re

import pandas as pd
import yaml

from support.project import ROOT, Job, Project

PAGE = (ROOT / "docs/extending.md").read_text()
RUN = "results/recommenders/mind/ids/narm/0"
WILDCARDS = "dataset=mind, tokenizer=ids, recommender=narm, seed=0"
ROW = "      - {label: Random, latex: Random, tokenizer: random}\n"


def block(language: str) -> str:
    """The one block of code of the page in a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    return found


def test_the_page_adds_a_recommender(project: Project):
    (project.root / "narm.py").write_text(block("python"))
    entry = yaml.safe_load(block("yaml"))["recommenders"]["narm"]
    project.edit_config("recommenders.narm", entry | {"training": entry["training"] | {"epochs": 4}})
    project.edit_file("config/papers/cost.yaml", ROW, ROW + "      - {label: NARM, tokenizer: ids/narm}\n")

    project.snakemake("--cores", "1", "--", "results/table2.csv")
    history = pd.read_csv(project.root / RUN / "history.csv")
    assert len(history) == 4
    assert history["loss"].is_monotonic_decreasing
    metrics = pd.read_csv(project.root / RUN / "metrics.csv").set_index(["metric", "k"])["value"]
    table = pd.read_csv(project.root / "results/table2.csv")
    shown = table[table["method"] == "NARM"].set_index(["metric", "k"])["mean"]
    assert shown["recall", 40] == metrics["recall", 40] > 0
    assert "narm: the last 50 items of a history" in (project.root / "results/papers/cost/table2.md").read_text()

    # An edit of how it ranks trains nothing, one of the network does, and one of a comment changes nothing.
    project.edit_file("narm.py", "return decode_over_ids(", "return decode_over_ids(*[], ")
    ranked = {Job(rule, WILDCARDS) for rule in ("decode", "evaluate")}
    assert project.dry_run(f"{RUN}/metrics.csv") == ranked
    project.edit_file("narm.py", "  # A1, A2", "  # the two maps of the attention")
    assert project.planned(f"{RUN}/metrics.csv") == ranked
    project.edit_file("narm.py", ".tril()", ".tril(-1)")
    assert project.planned(f"{RUN}/metrics.csv") == ranked | {Job("train", WILDCARDS)}


def test_what_is_wrong_with_a_file_is_said_before_any_job(project: Project):
    project.edit_config("recommenders.narm", yaml.safe_load(block("yaml"))["recommenders"]["narm"])
    assert (
        "recommenders.narm.method: found 'narm.py'; expected the path of a Python file from where Snakemake is run"
        in project.refused()
    )
    code = block("python")
    for old, new, said in (
        ("import torch\n", "import troch\n", "a module that can be imported (ModuleNotFoundError: No module named"),
        ("class NARM(", "class More(Options):\n    pass\n\n\nclass NARM(", "derives from OwnRecommender, not 2"),
        ("def decode(", "def rank(", "a function decode in it"),
        ('ranked_by = "top"', 'ranked_by = "most"', "an option of decoding as ranked_by of its class Options"),
        ("    training: TrainingOptions\n", "", "an option training in its class Options"),
    ):
        assert code.count(old) == 1
        (project.root / "narm.py").write_text(code.replace(old, new))
        assert said in project.refused(), said
    (project.root / "narm.py").write_text(code)
    project.edit_config("recommenders.narm.model.hidden_dim", "wide")
    assert "recommenders.narm.model.hidden_dim: found 'wide'; expected a valid integer" in project.refused()
