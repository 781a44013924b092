"""The tiny run from raw files to the report."""

import pandas as pd

from semtok.papers.ranking_table import EXPECTED_OF_RANDOM

COLUMNS = [
    *("paper", "table", "dataset", "source", "method", "kind", "metric", "k"),
    *("printed", "mean", "std", "seeds", "ci_low", "ci_high", "targets"),
]


def test_table_2_is_tidy_and_says_that_it_is_synthetic(finished):
    table = pd.read_csv(finished.root / "results/table2.csv")
    assert list(table.columns) == COLUMNS
    assert table["kind"].value_counts().to_dict() == {"trained": 4 * 8, "untrained": 5 * 8, "control": 3 * 8}
    assert set(table["source"]) == {"synthetic"}
    assert set(table["metric"]) == {"ndcg", "recall"}
    assert table["mean"].between(0, 1).all()
    # What a random list has in expectation was not run.
    assert table.loc[table["method"] != EXPECTED_OF_RANDOM, "seeds"].eq(1).all()
    assert table.loc[table["method"] == EXPECTED_OF_RANDOM, "seeds"].isna().all()
    wide = table.pivot_table(index=["method", "k"], columns="metric", values="mean")
    assert (wide["ndcg"] <= wide["recall"] + 1e-12).all()
    assert wide["recall"].max() > 0


def test_table_2_agrees_with_the_scores_of_the_runs(finished):
    table = pd.read_csv(finished.root / "results/table2.csv").set_index(["method", "metric", "k"])
    for method, tokenizer in {"Random": "random", "L_co (CoST)": "cost"}.items():
        metrics = pd.read_csv(finished.root / f"results/recommenders/mind/{tokenizer}/tiger/0/metrics.csv")
        for row in metrics[metrics["k"].isin([5, 10, 20, 40])].itertuples():
            assert abs(table.loc[(method, row.metric, row.k), "mean"] - row.value) < 1e-12


def test_no_claim_has_a_verdict_on_made_up_data(finished):
    claims = pd.read_csv(finished.root / "results/papers/cost/claims.csv")
    assert list(claims["id"]) == [f"C-{number}" for number in range(1, 16)]
    assert set(claims["verdict"]) == {"synthetic"}


def test_the_report_holds_every_result(finished):
    finished.snakemake("--report", "results/report.html")
    report = (finished.root / "results/report.html").read_text()
    for name in ("table1", "table2", "claims"):
        assert name in report
    # On its first page, how many claims have no verdict on these data.
    assert "15 claims" in report


def test_no_job_left_rubbish(finished):
    results = finished.root / "results"
    assert not [path for path in results.rglob("*") if ".tmp" in path.name or path.name == "checkpoint.pt"]


def test_a_wrong_config_stops_before_any_job(project):
    project.edit_config("tokenizers.cost.temprature", 0.1)
    project.edit_config("seeds", [1, 1])
    done = project.snakemake("--cores", "1", check=False)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "tokenizers.cost.temprature: unknown key; did you mean 'temperature'?" in said
    assert "listed twice: 1" in said
    assert "Traceback" not in said
