"""What the benchmarks of TIGER share: its size and training, the model in transformers, and fair timing."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semtok.config.over_codes import T5Options, TIGERTrainingOptions
from semtok.recommenders.t5 import T5
from semtok.recommenders.training import TrainingSamples
from semtok.recommenders.vocabulary import BOS, EOS, PAD
from semtok.torchvision_operators import declare_missing

declare_missing()
sys.path.append(str(Path(__file__).parents[1] / "tests"))
from transformers import T5Config, T5ForConditionalGeneration  # noqa: E402

from support.t5_weights import from_transformers  # noqa: E402

OPTIONS = T5Options(
    encoder="bidirectional",
    n_layers=4,
    d_model=128,
    d_ff=1024,
    n_heads=6,
    d_kv=64,
    dropout=0.1,
    relative_attention_buckets=32,
    relative_attention_max_distance=128,
)


def training_options(batch_size: int) -> TIGERTrainingOptions:
    """A plain training: AdamW at a constant rate."""
    return TIGERTrainingOptions(
        targets="last",
        optimizer="adamw",
        learning_rate=1e-3,
        weight_decay=0.01,
        warmup=0.0,
        schedule="constant",
        batch_size=batch_size,
        epochs=1,
        samples_per_epoch=None,
        validation_every=1,
        validation_users=None,
        validation_beam_size=10,
        patience=0,
    )


def twins(vocabulary_size: int, options: T5Options = OPTIONS) -> tuple[T5ForConditionalGeneration, T5]:
    """Transformers' T5 and ours, of the size that TIGER uses unless `options` say another, with the same weights."""
    config = T5Config(
        vocab_size=vocabulary_size,
        d_model=options.d_model,
        d_kv=options.d_kv,
        d_ff=options.d_ff,
        num_layers=options.n_layers,
        num_decoder_layers=options.n_layers,
        num_heads=options.n_heads,
        dropout_rate=options.dropout,
        feed_forward_proj="relu",
        tie_word_embeddings=True,
        pad_token_id=PAD,
        decoder_start_token_id=BOS,
        eos_token_id=EOS,
    )
    theirs = T5ForConditionalGeneration(config)
    ours = T5(options, vocabulary_size)
    ours.load_state_dict(from_transformers(theirs.state_dict()))
    return theirs, ours


def step(samples: TrainingSamples, optimizer: torch.optim.Optimizer, rows: np.ndarray) -> None:
    """One of our training steps, on the samples `rows`."""
    optimizer.zero_grad()
    samples.backward(rows, samples.predictions(rows))
    optimizer.step()


def interleaved(
    contestants: dict[str, Callable[[int], None]], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of each contestant's repeats: all take turns, so that they meet the same weather; repeat -1 warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for repeat in range(-1, repeats):
        for name, run in contestants.items():
            started = clock()
            run(repeat)
            if repeat >= 0:
                seconds[name].append(clock() - started)
    return seconds


def compare(seconds: dict[str, list[float]], ours: str, peer: str, per_repeat: float, unit: str) -> dict[str, Any]:
    """Speeds and their ratio within each repeat: median and interquartile range."""
    ratios = np.array(seconds[peer]) / np.array(seconds[ours])
    low, high = np.percentile(ratios, [25, 75])
    return {
        "peer": peer,
        "unit": unit,
        "ours": round(float(np.median(per_repeat / np.array(seconds[ours]))), 2),
        "theirs": round(float(np.median(per_repeat / np.array(seconds[peer]))), 2),
        "ratio": round(float(np.median(ratios)), 2),
        "ratio_iqr": [round(float(low), 2), round(float(high), 2)],
        "repeats": len(ratios),
    }


def report(title: str, facts: dict[str, Any], rows: list[dict[str, Any]], aim: str = "-") -> None:
    """Print JSON, then a line of the table of docs/benchmarks.md for each comparison."""
    facts |= {"torch": torch.__version__, "threads": torch.get_num_threads()}
    print(json.dumps({"benchmark": title, **facts, "comparisons": rows}, indent=2))
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    for row in rows:
        low, high = row["ratio_iqr"]
        print(
            f"| {title} | {row['ours']} {row['unit']} | {row['peer']} {row['theirs']} {row['unit']} "
            f"| {row['ratio']} ({low}-{high}, n={row['repeats']}) | {aim} | `{command}` |",
            flush=True,
        )
