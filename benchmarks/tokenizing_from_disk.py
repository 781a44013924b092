"""Tokenizing a catalogue that stays on disk: items a second and peak memory, of a few epochs and the codes.

Writes `--items` random vectors of `--dim` to a temporary folder (3 GB by default; removed afterwards), then runs each
method in a process of its own. Peak memory is the largest resident size (VmHWM: Linux), pages of mapped files
included. `python benchmarks/tokenizing_from_disk.py`
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

BLOCK = 65_536
RUN = """
import json, os, re, sys, time
from pathlib import Path
os.environ["SEMTOK_DEVICE"], os.environ["SEMTOK_DTYPE"] = "cpu", "float32"
import torch
torch.set_num_threads(int(sys.argv[4]))
from pydantic import TypeAdapter
from semtok.config.tokenizers import TokenizerEntry
from semtok.tokenizers.train import tokenize
options = TypeAdapter(TokenizerEntry).validate_python(json.loads(sys.argv[2]))
start, processor = time.perf_counter(), time.process_time()
tokens = tokenize(options, "items.parquet", {sys.argv[3]: Path(sys.argv[1])}, seed=0)
print(json.dumps({
    "shape": tokens.codes.shape,
    "seconds": round(time.perf_counter() - start, 1),
    "processor_seconds": round(time.process_time() - processor, 1),
    "peak_mib": round(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024),
    "collision_rate": tokens.history[-1]["collision_rate"],
}))
"""
SHARED = {
    "n_levels": 3,
    "codebook_size": 48,
    "hidden_dims": [512, 256, 128],
    "latent_dim": 96,
    "shared_codebook": False,
    "commitment_weight": 0.25,
    "learning_rate": 1e-3,
    "batch_size": 4096,
    "temperature": 0.1,
    "mask_duplicates": False,
    "repair": None,
}
METHODS = {
    "simcit": SHARED
    | {
        "method": "simcit",
        "views": {"text": "random"},
        "standardize": True,
        "activation": "relu",
        "encoder_bias": True,
        "encoder_initialization": "he",
        "fusion": "query",
        "search": "soft",
        "distance": "sum",
        "noise": "unit",
        "annealing": "exponential",
        "start_temperature": 0.2,
        "end_temperature": 0.01,
        "annealing_share": 0.8,
        "projection": "linear",
        "codeword_regularizer": 0.0,
        "initialization": "kmeans",
        "optimizer": "adamw",
        "weight_decay": 1e-3,
        "schedule": "cosine",
        "warmup": 0.0,
        "log_every": 50,
    },
    "cost": SHARED
    | {
        "method": "cost",
        "encoder": "random",
        "residuals": "plain",
        "reduction": "sum",
        "initialization": "kmeans-batch",
        "dead_code_epochs": 0,
        "weight_decay": 0.0,
        "selection": "last",
        "contrastive_weight": 0.1,
        "reconstruction": False,
        "quantization_terms": 1,
    },
}


def write_vectors(path: Path, n_items: int, dim: int) -> None:
    generator = np.random.default_rng(0)
    header = {"descr": "<f4", "fortran_order": False, "shape": (n_items, dim)}
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for start in range(0, n_items, BLOCK):
            generator.standard_normal((min(BLOCK, n_items - start), dim), dtype=np.float32).tofile(stream)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--methods", nargs="+", choices=sorted(METHODS), default=sorted(METHODS))
    parser.add_argument("--folder", default=None, help="where the temporary folder lies")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "vectors.npy"
        write_vectors(path, arguments.items, arguments.dim)
        for method in arguments.methods:
            options = json.dumps(METHODS[method] | {"steps": {"epochs": arguments.epochs}})
            role = "text" if method == "simcit" else "encoder"
            command = [sys.executable, "-c", RUN, str(path), options, role, str(arguments.threads)]
            run = subprocess.run(command, check=True, capture_output=True, text=True)
            result = json.loads(run.stdout)
            rate = arguments.items * arguments.epochs / result["seconds"]
            print(
                json.dumps(
                    {
                        "benchmark": "tokenizing_from_disk",
                        "method": method,
                        **{name: vars(arguments)[name] for name in ("items", "dim", "epochs", "threads")},
                        "file_mib": round(path.stat().st_size / 2**20),
                        "items_trained_per_second": round(rate),
                        **result,
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
