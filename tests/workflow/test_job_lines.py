"""A run whose output goes into a file tells each job that ends, and how to repeat what failed."""

from support.project import copy_of_the_project


def test_jobs_are_told_where_there_is_no_terminal(tmp_path):
    project = copy_of_the_project(tmp_path / "project")
    said = project.snakemake("--cores", "1", "--", "results/data/mind/stats.json").stderr
    assert "done: synthesize mind in " in said
    assert "(2 of 2 done)" in said
    items = project.root / "results/data/mind/items.parquet"
    items.write_bytes(items.read_bytes()[:100])
    target = "results/encoders/mind/tfidf.npy"
    said = project.snakemake("--cores", "1", "--", target, check=False).stderr
    assert "failed: encode_text mind tfidf in " in said
    assert f"to repeat encode_text mind tfidf alone: snakemake --configfile tiny.yaml --cores 1 -- {target}" in said
