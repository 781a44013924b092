from semtok.plan.job_list import job_list


def test_a_line_a_rule_and_dataset():
    train = [
        ("train", {"dataset": "nyc", "tokenizer": tokenizer, "recommender": "tiger", "seed": seed})
        for tokenizer, seeds in {"simcit": "012", "cost": "012", "random": "0"}.items()
        for seed in seeds
    ]
    jobs = [("prepare", {"dataset": "nyc"}), *train, ("claims", {"paper": "cost"}), ("scoreboard", {})]
    assert list(job_list(jobs)) == [
        "prepare nyc",
        "train nyc: cost tiger, simcit tiger (seeds 0, 1, 2); random tiger (seed 0)",
        "claims cost",
        "scoreboard",
    ]
