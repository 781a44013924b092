import json

import pytest

from semtok.errors import DataError
from semtok.plan import forecast
from semtok.plan.forecast import FinishedJob, PlannedJob

SECONDS = {
    ("train", "nyc", "simcit", "tiger"): 600.0,
    ("train", "nyc", "letter", "tiger"): 500.0,
    ("train", "nyc", "ids", "sasrec"): 100.0,
    ("train", "beauty", "simcit", "tiger"): 1200.0,
    ("tokenize", "nyc", "simcit"): 60.0,
}
DURATIONS = {kind: [FinishedJob(seconds)] for kind, seconds in SECONDS.items()}


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
    found = forecast.measured(tmp_path)
    assert found == {("train", "nyc", "simcit", "tiger"): [FinishedJob(10), FinishedJob(30), FinishedJob(11)]}
    assert forecast.seconds(PlannedJob(("train", "nyc", "simcit", "tiger"), {}), *found.values()) == 11


@pytest.mark.parametrize(
    ("job", "seconds"),
    [
        (("train", "nyc", "simcit", "tiger"), 600),
        (("train", "nyc", "cost", "tiger"), 550),  # the tigers of its dataset
        (("train", "beauty", "ids", "sasrec"), 1200),  # its dataset before its recommender
        (("train", "mind", "cost", "tiger"), 600),
    ],
)
def test_a_job_takes_what_the_most_similar_ones_took(job, seconds):
    assert forecast.seconds(PlannedJob(job, {}), forecast.most_like(job, DURATIONS)) == seconds
    assert not forecast.most_like(("decode", *job[1:]), DURATIONS)


def trained_for(folder, options, size=None, seed=0):
    """A training of 100 processor seconds, with its record."""
    benchmark(folder, f"results/benchmarks/train/nyc/cost/tiger/{seed}.tsv", 100)
    model = folder / "model.safetensors"
    model.write_bytes(b"0" * (size or 0))
    record = folder / f"results/records/train/nyc/cost/tiger/{seed}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    config = {"options": options}
    record.write_text(json.dumps({"config": config, "outputs": [{"path": str(model)}]}))
    return PlannedJob(("train", "nyc", "cost", "tiger"), config)


def test_the_forecast_adds_up_processor_hours_and_divides_them_by_the_cores():
    jobs = [PlannedJob(("train", "nyc", "simcit", "tiger"), None)] * 12 + [PlannedJob(("evaluate", "nyc"), None)]
    told = forecast.forecast(jobs, DURATIONS, 2, "results/cpu")
    assert "12 jobs to run, 2.0 hours of a processor (train 2.0 hours), about 1.0 hours on 2 cores" in told
    assert "disk: not known" in told
    assert "1 more whose rules never ran under results/cpu, and no limits" in told
    assert forecast.forecast([], DURATIONS, 2, "results/cpu") is None


def test_a_longer_training_takes_longer_than_the_measured_one(tmp_path):
    planned = trained_for(tmp_path, {"training": {"epochs": 30, "samples_per_epoch": None}}, size=2_500_000)
    durations = forecast.measured(tmp_path / "results/benchmarks")
    told = forecast.forecast([planned], durations, 1, "results/cpu")
    assert "1 jobs to run, 2 min of a processor (train 2 min), about 2 min on 1 core that" in told
    assert told.endswith("disk: 2.5 MB for 1 of them")
    longer = PlannedJob(planned.kind, {"options": {"training": {"epochs": 1200}}})
    told = forecast.forecast([longer], durations, 1, "results/cpu")
    assert "1.1 hours of a processor" in told
    assert "1 of them by jobs of other names, or of other or unknown options, in proportion to epochs" in told


@pytest.mark.parametrize(
    ("ours", "theirs", "times"),
    [
        ({"steps": 200}, {"steps": 50}, 4),
        ({"steps": {"epochs": 30}}, {"steps": {"epochs": 10}}, 3),
        ({"epochs": 20, "samples_per_epoch": 10}, {"training": {"epochs": 10, "samples_per_epoch": 5}}, 4),
        ({"steps": {"epochs": 30}}, {"steps": 100}, 1),  # not to be compared
        ({"training": None}, {"epochs": 3}, 1),
    ],
)
def test_a_training_is_as_much_longer_as_its_options_say(ours, theirs, times):
    measured = [FinishedJob(1.0, {"options": theirs})]
    assert forecast.seconds(PlannedJob(("train",), {"options": ours}), measured) == times


def test_where_nothing_ran_nothing_is_known():
    told = forecast.forecast([PlannedJob(("evaluate", "nyc"), None)], {}, 2, "results/fresh")
    assert told == "forecast: time and disk are not known: no records of such jobs under results/fresh, and no limits"


def test_a_rule_that_never_ran_has_the_limit_of_its_time():
    unlike = [PlannedJob(("encode_image", "nyc"), None, 90), PlannedJob(("encode_text", "nyc"), None, 60)]
    told = forecast.forecast(unlike, {}, 2, "results/fresh")
    assert told.endswith("under results/fresh, at most 2.5 hours by the limits of 2 of them")
    told = forecast.forecast(
        [PlannedJob(("train", "nyc", "simcit", "tiger"), None), *unlike], DURATIONS, 2, "results/x"
    )
    assert told.endswith("2 more whose rules never ran under results/x, at most 2.5 hours by the limits of 2 of them")


def test_what_is_printed_has_what_was_written(tmp_path, capsys):
    kind = trained_for(tmp_path, {"steps": 100}, size=1000).kind
    forecast.main(str(tmp_path / "results"))
    (tmp_path / "durations.csv").write_text(capsys.readouterr().out)
    assert [one.size for one in forecast.read_durations(tmp_path / "durations.csv")[kind]] == [1000]


def test_what_is_printed_is_read_again(tmp_path, capsys):
    benchmark(tmp_path, "benchmarks/train/nyc/simcit/tiger/0.tsv", 10.04)
    forecast.main(str(tmp_path))
    (tmp_path / "durations.csv").write_text(capsys.readouterr().out)
    assert forecast.read_durations(tmp_path / "durations.csv") == {
        ("train", "nyc", "simcit", "tiger"): [FinishedJob(10.0)]
    }


@pytest.mark.parametrize(
    ("options", "twice_as_long"),
    [
        ({"training": {"epochs": 8, "samples_per_epoch": 50}}, {"training": {"epochs": 8, "samples_per_epoch": 100}}),
        ({"training": {"epochs": 8, "samples_per_epoch": None}}, {"training": {"epochs": 16}}),
        ({"steps": 200}, {"steps": 400}),
        ({"steps": {"epochs": 30}}, {"steps": {"epochs": 60}}),
    ],
)
def test_what_is_printed_says_for_how_long_was_trained(tmp_path, capsys, options, twice_as_long):
    kind = trained_for(tmp_path, options).kind
    forecast.main(str(tmp_path / "results"))
    (tmp_path / "durations.csv").write_text(capsys.readouterr().out)
    found = forecast.read_durations(tmp_path / "durations.csv")[kind]
    assert forecast.seconds(PlannedJob(kind, {"options": options}), found) == 100
    assert forecast.seconds(PlannedJob(kind, {"options": twice_as_long}), found) == 200


def test_seeds_that_trained_for_other_lengths_have_rows_of_their_own(tmp_path, capsys):
    kind = trained_for(tmp_path, {"steps": 100}, seed=0).kind
    trained_for(tmp_path, {"steps": 300}, seed=1)
    forecast.main(str(tmp_path / "results"))
    (tmp_path / "durations.csv").write_text(capsys.readouterr().out)
    found = forecast.read_durations(tmp_path / "durations.csv")[kind]
    assert [one.config["options"]["steps"] for one in found] == [100, 300]


def test_a_table_of_before_lengths_were_kept_is_read(tmp_path):
    (tmp_path / "durations.csv").write_text("job,processor_seconds\ntrain/nyc,1.5\n")
    assert forecast.read_durations(tmp_path / "durations.csv") == {("train", "nyc"): [FinishedJob(1.5)]}


def test_another_table_is_refused(tmp_path):
    (tmp_path / "durations.csv").write_text("job,seconds\ntrain,1\n")
    with pytest.raises(DataError, match=r"durations\.csv: expected the columns job and processor_seconds"):
        forecast.read_durations(tmp_path / "durations.csv")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: the config's `durations` cannot be read"):
        forecast.read_durations(tmp_path / "none.csv")
