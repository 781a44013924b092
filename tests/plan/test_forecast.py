import pytest

from semtok.errors import DataError
from semtok.plan import forecast

DURATIONS = {
    ("train", "nyc", "simcit", "tiger"): 600.0,
    ("train", "nyc", "letter", "tiger"): 500.0,
    ("train", "nyc", "ids", "sasrec"): 100.0,
    ("train", "beauty", "simcit", "tiger"): 1200.0,
    ("tokenize", "nyc", "simcit"): 60.0,
}


def benchmark(folder, path, seconds):
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"s\th:m:s\tcpu_time\n900\t0:15:00\t{seconds}\n")


def test_the_kind_of_a_job_leaves_out_its_seed():
    assert forecast.kind("b/train/nyc/simcit/tiger/12.tsv", "b") == ("train", "nyc", "simcit", "tiger")
    assert forecast.kind("b/encode_text/nyc/minilm.tsv", "b") == ("encode_text", "nyc", "minilm")


def test_measured_jobs_are_the_median_over_seeds_of_processor_seconds(tmp_path):
    for seed, seconds in enumerate([10, 30, 11]):
        benchmark(tmp_path, f"train/nyc/simcit/tiger/{seed}.tsv", seconds)
    benchmark(tmp_path, "prepare/nyc.tsv", "NA")
    assert forecast.measured(tmp_path) == {("train", "nyc", "simcit", "tiger"): 11}


@pytest.mark.parametrize(
    ("job", "seconds"),
    [
        (("train", "nyc", "simcit", "tiger"), 600),
        (("train", "nyc", "cost", "tiger"), 550),  # the tigers of its dataset
        (("train", "beauty", "ids", "sasrec"), 1200),  # its dataset before its recommender
        (("train", "mind", "cost", "tiger"), 600),
        (("decode", "nyc", "simcit", "tiger"), None),
    ],
)
def test_a_job_takes_what_the_most_similar_ones_took(job, seconds):
    assert forecast.seconds(job, DURATIONS) == seconds


def test_the_forecast_adds_up_processor_hours_and_divides_them_by_the_cores():
    jobs = [("train", "nyc", "simcit", "tiger")] * 12 + [("score", "nyc")]
    told = forecast.forecast(jobs, DURATIONS, 2)
    assert "12 jobs to run, 2.0 processor hours (train 2.0), about 1.0 hours on 2 cores" in told
    assert forecast.forecast([("score", "nyc")], DURATIONS, 2) is None


def test_what_is_printed_is_read_again(tmp_path, capsys):
    benchmark(tmp_path, "benchmarks/train/nyc/simcit/tiger/0.tsv", 10.04)
    forecast.main(str(tmp_path))
    (tmp_path / "durations.csv").write_text(capsys.readouterr().out)
    assert forecast.read(tmp_path / "durations.csv") == {("train", "nyc", "simcit", "tiger"): 10.0}


def test_another_table_is_refused(tmp_path):
    (tmp_path / "durations.csv").write_text("job,seconds\ntrain,1\n")
    with pytest.raises(DataError, match=r"durations\.csv: expected the columns job and processor_seconds"):
        forecast.read(tmp_path / "durations.csv")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: the config's `durations` cannot be read"):
        forecast.read(tmp_path / "none.csv")
