from pathlib import Path

from support.project import Job, Project, copy_of_the_project

PAGE = "docs/results/cost.md"
CONCLUSIONS = "docs/results/cost-conclusions.md"


def test_a_page_is_made_of_the_results_and_of_what_a_person_wrote(project: Project):
    page = project.root / "docs/results/cost.md"
    strata = Job("figure_of_page", "paper=cost, about=, exhibit=table2-strata")
    assert project.planned("docs/results/cost.md") == {Job("results_page", "paper=cost, about="), strata}
    project.snakemake("--cores", "1", "--", "docs/results/cost.md")
    table = (project.root / "results/papers/cost/table2.md").read_text()
    assert table in page.read_text()
    assert not project.planned("docs/results/cost.md")
    # Those of another config may have a page of their own.
    figure = Job("figure_of_page", "paper=cost, about=-news, exhibit=table2-strata")
    assert project.planned("docs/results/cost-news.md") == {Job("results_page", "paper=cost, about=-news"), figure}
    project.snakemake("--cores", "1", "--", "docs/results/cost-news.md")
    titles = [(project.root / f"docs/results/{name}.md").read_text().splitlines()[0] for name in ("cost", "cost-news")]
    assert titles[1] == titles[0].replace(": results", ", news: results") != titles[0]

    (project.root / CONCLUSIONS).write_text("CoST gains 12.345678.\n")
    refused = project.snakemake("--cores", "1", "--", "docs/results/cost.md", check=False)
    assert refused.returncode != 0
    log = (project.root / "results/logs/pages/cost.log").read_text()
    assert f"{CONCLUSIONS}, line 1: found 12.345678; expected numbers that are in the tables" in log
    cited = next(word for line in table.splitlines() for word in line.split() if word.startswith("0."))
    (project.root / CONCLUSIONS).write_text(f"CoST has {cited}.\n")
    project.snakemake("--cores", "1", "--", "docs/results/cost.md")
    assert f"CoST has {cited}." in page.read_text()


def test_a_page_that_came_with_a_clone_is_made_of_results_that_are_not_here_yet(tmp_path: Path):
    clone = copy_of_the_project(tmp_path)
    without = clone.planned(PAGE)
    for committed in (PAGE, "docs/results/cost-table2-strata.svg"):
        (clone.root / committed).parent.mkdir(parents=True, exist_ok=True)
        (clone.root / committed).write_text("of other results")
    planned = clone.planned(PAGE)
    assert planned == without
    assert {Job("results_page", "paper=cost, about="), Job("prepare", "dataset=mind")} < planned
    # Nobody asks for a page in a run of everything.
    assert "results_page" not in {job.rule for job in clone.planned()}
