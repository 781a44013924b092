"""The workflow as a module of somebody else's, as docs/extending.md has it."""

from filelock import FileLock

from support.project import ROOT, Project, copy_of_the_project


def test_a_snakefile_of_ones_own_takes_the_workflow_as_a_module(tmp_path):
    tiny = copy_of_the_project(tmp_path / "semtok").root / "tiny.yaml"
    tiny.rename(tmp_path / "tiny.yaml")
    text = (ROOT / "docs/extending.md").read_text().partition("## Inside a workflow of your own")[2]
    snakefile = text.partition("```snakemake\n")[2].partition("```")[0]
    assert snakefile.count("results/demo/table2.csv") == 1
    (tmp_path / "Snakefile").write_text(snakefile.replace("results/demo/table2.csv", "results/data/mind/stats.json"))
    mine = Project(tmp_path)
    mine.snakemake("--cores", "1")
    assert (tmp_path / "mine.txt").read_text().endswith("results/data/mind/stats.json\n")
    # Targets are checked, and what records tell counts where Snakemake's own memory is gone.
    unknown = mine.snakemake("--cores", "1", "--", "results/table9.csv", check=False)
    assert "'table9' is no table or figure that this config has" in unknown.stderr
    mine.edit_config("datasets.mind.synthetic.users", 50)
    (tmp_path / ".snakemake").rename(tmp_path / "forgotten")
    again = mine.snakemake("--cores", "1", "--dry-run", "--quiet", "rules").stderr
    assert "were made with other options" in again
    assert "semtok_prepare mind" in again
    # A second driver of the folder is refused, although Snakemake takes no handlers of a module.
    lock = FileLock(tmp_path / ".snakemake/driver.lock")
    with lock:
        refused = mine.snakemake("--cores", "1", check=False)
    assert "another driver works in this folder" in refused.stderr
