from pathlib import Path

import pytest

from semtok.errors import DataError
from semtok.papers import provenance as module
from semtok.papers.provenance import page, read_records
from semtok.run.files import write_json

RESULTS = Path("results")
CODES = "results/tokenizers/mind/cost/0/codes.npy"
RANKS = "results/recommenders/mind/cost/tiger/0/ranks.parquet"
TABLE = "results/papers/cost/table2.csv"


def record(rule: str, inputs: dict[str, str], outputs: dict[str, str], *, commit: str | None = "c1", **hardware: str):
    return {
        "rule": rule,
        "wildcards": {"dataset": "mind", "seed": "3"} if rule != "ranking_table" else {"exhibit": "table2"},
        "code": "0123456789abcdef",
        "config": {},
        "inputs": [{"path": path, "sha256": checksum} for path, checksum in inputs.items()],
        "outputs": [{"path": path, "sha256": checksum} for path, checksum in outputs.items()],
        "started": f"2026-01-01T00:00:0{len(inputs)}+00:00",
        "seconds": 2.0,
        "peak_memory_mb": 100,
        "environment": {
            "commit": commit,
            "modified": None if commit is None else False,
            "python": "3.11.7",
            "packages": {"numpy": "2.4"},
            "hardware": {
                **{"system": "Linux x86_64", "processor": "AMD EPYC", "processors": 2, "threads": 1},
                **hardware,
            },
        },
    }


def provenance(own, records):
    return module.provenance(own, records, RESULTS)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_jobs_behind_a_table_each_with_its_own_environment():
    tokenize = record("tokenize", {}, {CODES: "a"}, device="NVIDIA H100", dtype="bfloat16")
    decode = record("decode", {CODES: "a"}, {RANKS: "b"}, device="NVIDIA H100", dtype="bfloat16")
    other = record("decode", {"results/x.npy": "x"}, {"results/other.parquet": "y"}, commit="c9")
    found = provenance(record("ranking_table", {RANKS: "b"}, {TABLE: "t"}), [other, decode, tokenize])
    assert found["table"] == TABLE
    assert [job["rule"] for job in found["jobs"]] == ["tokenize", "decode", "ranking_table"]
    assert [job["environment"] for job in found["jobs"]] == [0, 0, 1]
    assert "device" not in found["environments"][1]["hardware"]
    assert found["seeds"] == [3]
    assert found["commits"] == ["c1"]
    assert found["totals"] == {"jobs": 3, "seconds": 6.0, "peak_memory_mb": 100}
    assert found["warnings"] == found["without_record"] == found["brought"] == []
    shown = page(found)
    assert "NVIDIA H100" in shown
    assert TABLE in shown


def test_bytes_that_changed_between_two_jobs_are_told():
    tokenize = record("tokenize", {}, {CODES: "a"})
    decode = record("decode", {CODES: "before"}, {RANKS: "b"})
    found = provenance(record("ranking_table", {RANKS: "b"}, {TABLE: "t"}), [decode, tokenize])
    assert found["warnings"] == [f"decode mind 3 read other bytes of {CODES} than the job that made it last wrote"]


def test_files_of_unknown_making_are_told_apart():
    decode = record("decode", {CODES: "a", ".../codes.json": "c"}, {RANKS: "b"})
    found = provenance(record("ranking_table", {RANKS: "b"}, {TABLE: "t"}), [decode])
    assert found["without_record"] == [{"path": CODES, "sha256": "a"}]
    assert found["brought"] == [{"path": ".../codes.json", "sha256": "c"}]
    assert "not on record" in page(found)


def test_jobs_of_other_code_show_it():
    old = record("decode", {}, {RANKS: "b"}, commit="c0")
    old["environment"]["modified"] = True
    found = provenance(record("ranking_table", {RANKS: "b"}, {TABLE: "t"}, commit=None), [old])
    assert found["commits"] == ["c0, with changes", "unknown: not in git"]
    told = "some jobs ran code that differs from their commit; the digests of their code tell which"
    assert found["warnings"] == [told]


def test_seeds_of_a_method_that_ran_different_code_are_told():
    """A commit that touches nothing that a job runs is no warning; other code behind the seeds of one row is."""
    ranks = {seed: f"results/ranks-{seed}.parquet" for seed in (0, 1)}
    jobs = [record("decode", {}, {ranks[seed]: "b"}, commit=f"c{seed}") for seed in (0, 1)]
    for seed, job in enumerate(jobs):
        job["wildcards"] |= {"tokenizer": "cost", "seed": str(seed)}
    own = record("ranking_table", dict.fromkeys(ranks.values(), "b"), {TABLE: "t"}, commit="c2")
    assert provenance(own, jobs)["warnings"] == []
    jobs[1]["code"] = "fedcba9876543210"
    assert provenance(own, jobs)["warnings"] == ["jobs of decode cost ran 2 versions of its code"]


def test_rows_of_different_precision_are_told():
    ranks = {dtype: f"results/{dtype}/ranks.parquet" for dtype in ("float32", "bfloat16")}
    jobs = [record("decode", {}, {path: "b"}, device="NVIDIA H100", dtype=dtype) for dtype, path in ranks.items()]
    own = record("ranking_table", dict.fromkeys(ranks.values(), "b"), {TABLE: "t"})
    assert provenance(own, jobs)["warnings"] == ["jobs of decode computed in bfloat16 and float32"]


def test_benchmarks_are_joined(tmp_path):
    write_json("results/records/decode/0.json", record("decode", {}, {RANKS: "b"}))
    write_json("results/records/evaluate/0.json", record("evaluate", {}, {"results/metrics.csv": "b"}))
    benchmark = tmp_path / "results/benchmarks/decode/0.tsv"
    benchmark.parent.mkdir(parents=True)
    benchmark.write_text("s\th:m:s\tmax_rss\n7.25\t0:00:07\t1000.0\n")
    measured = {job["rule"]: (job["seconds"], job["peak_memory_mb"]) for job in read_records(RESULTS)}
    assert measured == {"decode": (7.25, 1049), "evaluate": (2.0, 100)}
    benchmark.write_text("s\th:m:s\tmax_rss\n7.25\t0:00:07\tNA\n")
    assert read_records(RESULTS)[0]["peak_memory_mb"] == 100


def test_a_damaged_record_is_named(tmp_path):
    path = tmp_path / "results/records/decode/0.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(DataError, match=r"results/records/decode/0\.json: cannot be read.*delete it"):
        read_records(RESULTS)


def test_a_page_tells_environments_apart_by_machine_and_versions():
    def job(number: int, machine: str, **packages: str):
        made = record("decode", {}, {f"results/{number}.parquet": "b"}, processor=machine)
        return made | {"environment": made["environment"] | {"packages": packages}}

    jobs = [
        job(1, "AMD EPYC", numpy="2.4"),
        job(2, "AMD EPYC", numpy="2.4", torch="2.13"),
        job(3, "AMD EPYC", torch="2.12"),
        job(4, "Xeon", torch="2.13"),
    ]
    made = record("ranking_table", {f"results/{number}.parquet": "b" for number in range(1, 5)}, {TABLE: "t"})
    shown = page(provenance(made, jobs))
    assert "numpy 2.4, torch 2.13" in shown
    assert shown.count("torch 2.12") == 1
    assert shown.count(">Xeon, 2 processors") == 1
    assert shown.count(">AMD EPYC, 2 processors") == 2
