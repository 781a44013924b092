"""Peak memory of the recommenders for check-ins on a made-up city of Tokyo's size: of training steps, and of ranking.

Users, places and check-ins are as many as SimCIT's Table I has of Tokyo, the data is random; sizes, batches and
histories of 100 check-ins are those of `config/paper.yaml`. Of each method the steps on the longest windows and the
ranking of the targets with the longest histories run in processes of their own. The aim is 4 GB: STAN's own code keeps
a vector for every pair of a place and a check-in, ours a number. `python benchmarks/places_memory.py`
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from apart import PEAK, measure

ROOT = Path(__file__).parents[1]
USERS, PLACES, CHECK_INS = 2_281, 7_844, 361_430
HELD_OUT = 0.1
"""Share of a user's check-ins that are test targets, and of those that validate."""
START = f"""
import json, os, resource, sys, time
from importlib import import_module
from pathlib import Path
os.environ["SEMTOK_DEVICE"], os.environ["SEMTOK_DTYPE"] = "cpu", "float32"
import numpy as np
import pandas as pd
import torch
import yaml
from snakemake.utils import update_config
from semtok.config.load import read
from semtok.recommenders.full_ranking import rank_catalogue
from semtok.recommenders.sequences import target_samples
from semtok.recommenders.task import RecommenderTask
from semtok.recommenders.training import make_optimizer
from semtok.recommenders.windows import Windows
folder, raw = Path(sys.argv[1]), {{}}
for name in ("config", "paper"):
    update_config(raw, yaml.safe_load(Path(f"{ROOT}/config/{{name}}.yaml").read_text()))
options = read(raw)[0].recommenders[METHOD]
torch.set_num_threads(THREADS)
torch.manual_seed(0)
before = {PEAK}
tables = [pd.read_parquet(folder / f"{{name}}.parquet") for name in ("interactions", "targets")]
task = RecommenderTask(options, *tables, seed=0, items=folder / "items.parquet")
model = import_module(options.module).build(task)
start = time.process_time()
"""
TRAINING = """
windows = Windows.from_interactions(model, task.interactions, options.max_items)
optimizer = make_optimizer(model, options.training)
longest = np.argsort(-windows.n_predictions, kind="stable")
n_samples = options.training.batch_size
for step in range(COUNT):
    rows = longest[step * n_samples : (step + 1) * n_samples]
    optimizer.zero_grad()
    windows.backward(rows, windows.predictions(rows))
    optimizer.step()
"""
RANKING = """
samples = target_samples(task.targets, "test", task.sequences)
n_samples = options.decoding.batch_size
longest = np.argsort(-samples.position, kind="stable")[: COUNT * n_samples]
with torch.inference_mode():
    rank_catalogue(model, task.sequences, samples.take(longest), options.max_items, n_samples, options.decoding.top)
"""
REPORT = f"""
print(json.dumps(dict(mib={PEAK}, before=before, batch=n_samples, processor_seconds=time.process_time() - start)))
"""


def write_city(folder: Path, n_users: int, n_places: int, n_check_ins: int) -> None:
    """Users of very different length, popular places, and a year of hours."""
    rng = np.random.default_rng(0)
    latitude, longitude = rng.normal(35.7, 0.1, n_places), rng.normal(139.7, 0.1, n_places)
    items = {"item": np.arange(n_places), "latitude": latitude, "longitude": longitude}
    pd.DataFrame(items).to_parquet(folder / "items.parquet")
    least = 10
    weights = rng.lognormal(sigma=0.8, size=n_users)
    lengths = least + rng.multinomial(n_check_ins - least * n_users, weights / weights.sum())
    user = np.repeat(np.arange(n_users), lengths)
    first = np.repeat(np.cumsum(lengths) - lengths, lengths)
    position = np.arange(n_check_ins) - first
    item = (n_places * rng.random(n_check_ins) ** 2).astype(np.int64)
    item[:n_places] = rng.permutation(n_places)  # each is visited
    seconds = 1_333_476_000 + rng.integers(0, 365 * 86_400, n_check_ins)
    seconds = seconds[np.lexsort((seconds, user))]
    left = np.repeat(lengths, lengths) - position
    held = np.ceil(HELD_OUT * np.repeat(lengths, lengths))
    split = np.select([left <= held, left <= 2 * held], ["test", "valid"], "train")
    rows = pd.DataFrame({"user": user, "item": item, "timestamp": seconds, "split": split})
    rows.to_parquet(folder / "interactions.parquet")
    targets = rows.assign(position=position)[rows["split"] != "train"].drop(columns="timestamp").reset_index(drop=True)
    targets.rename_axis("target").reset_index().to_parquet(folder / "targets.parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small city: does it run at all?")
    parser.add_argument("--methods", nargs="+", default=["stgn", "geosan", "stan"])
    parser.add_argument("--batches", type=int, default=2, help="training steps, and batches of targets")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    size = (50, 200, 3_000) if arguments.quick else (USERS, PLACES, CHECK_INS)
    with tempfile.TemporaryDirectory() as folder:
        write_city(Path(folder), *size)
        for method in arguments.methods:
            for work, code in (("training", TRAINING), ("ranking", RANKING)):
                given = f"METHOD, THREADS, COUNT = {method!r}, {arguments.threads}, {arguments.batches}\n"
                found = measure(given + START + code + REPORT, Path(folder))
                names = ("users", "places", "check_ins")
                world = dict(zip(names, size, strict=True)) | {"made_up": True}
                rounded = {name: round(value) for name, value in found.items()}
                print(json.dumps({"benchmark": "places_memory", "method": method, "of": work, **world, **rounded}))


if __name__ == "__main__":
    main()
