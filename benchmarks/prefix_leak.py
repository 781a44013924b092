"""What the leak of STORE's decoder makes of Recall (S-I2): one trained network, decoded honestly and with the leak.

An experiment, and the one place where a decoder is told the target: no workflow, table or claim knows of it. RecBench,
the code that STORE names, writes its beams into a copy of the input on the GPU, while the network goes on reading the
batch on the CPU, in which the codes of the target still stand; and it adds probabilities, not logarithms of them.

Of a results folder in which a recommender over codes in a language model has been decoded, run from where its workflow
ran; it prints a Markdown table, which the page of the paper's results shows from `docs/results/store-experiments.md`:
`python benchmarks/prefix_leak.py --results results/cpu --seeds 0 1 2`
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from semtok.plan.paths import Paths, language_model_files
from semtok.recommenders import store
from semtok.recommenders.beam_search import beam_search
from semtok.recommenders.code_model import CodeModel, DecoderState
from semtok.recommenders.generation import Generated, expand
from semtok.recommenders.grouping import pieces
from semtok.recommenders.item_codes import Decoder
from semtok.recommenders.language_task import LanguageModelTask, make_task
from semtok.recommenders.sequences import Integers, Samples, target_samples
from semtok.recommenders.task import Weights
from semtok.recommenders.trie import Constraint, Positions
from semtok.recommenders.vocabulary import ItemTokens
from semtok.run.files import read_json

KS = (1, 5, 10, 20)


class Leaking(CodeModel):
    """A network that reads the codes of the target whatever its branches hold, and gives probabilities for logits.

    Those of a step are the same in all branches of a user, so that the search's log-softmax of them only moves all
    scores alike, and what it adds up are probabilities.
    """

    def __init__(self, model: CodeModel, target: torch.Tensor) -> None:
        super().__init__()
        self.model, self.target = model, target  # [B, levels], tokens

    def begin(self, source: torch.Tensor, mask: torch.Tensor | None) -> tuple[torch.Tensor, DecoderState]:
        self.level = 0
        return self.model.begin(source, mask)

    def step(self, tokens: torch.Tensor, state: DecoderState) -> tuple[torch.Tensor, DecoderState]:
        if self.level:
            tokens = self.target[:, self.level - 1].repeat_interleave(len(tokens) // len(self.target))
        self.level += 1
        logits, state = self.model.step(tokens, state)
        return logits.softmax(-1), state

    def every_target(self, source: torch.Tensor, target: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


def ranks(decoder: Decoder, samples: Samples, constraint: Constraint, leaks: bool) -> Integers:
    """The rank of each sample's item in its beam, 0 where it is not in it."""
    batches, trie, beam_size = decoder.batches, decoder.trie, max(decoder.options.beam_size, KS[-1])
    found = np.zeros(len(samples), dtype=np.int64)
    for rows in pieces(batches.by_length(samples, beam_size), decoder.options.batch_size):
        part = samples.take(rows)
        model = Leaking(decoder.model, batches.tokens[part.item]) if leaks else decoder.model
        leaves, _ = beam_search(model, constraint, trie, batches.source(part), beam_size, False)
        top = expand(leaves, trie, part.user, decoder.seed)[:, :beam_size].astype(np.int32)
        found[rows] = Generated(top, 0.0).ranks(part.item)
    return found


def recalls(
    task: LanguageModelTask, weights: Weights, n_users: int | None = None
) -> dict[tuple[str, str], list[float]]:
    """Recall at `KS` by constraint and decoder, on the same `n_users` test targets; None: all."""
    decoder = Decoder.load(task, weights, store.build)
    samples = target_samples(task.targets, "test", task.sequences)
    samples = samples.take(np.sort(np.random.default_rng(0).permutation(len(samples))[:n_users]))
    catalogue = ItemTokens.from_codes(task.codes, task.options.collisions)
    by_position = Positions(catalogue, decoder.trie, decoder.batches.device)
    found = {}
    for name, constraint in (("trie", decoder.trie), ("position", by_position)):
        for kind, leaks in (("honest", False), ("leaking", True)):
            rank = ranks(decoder, samples, constraint, leaks)
            found[name, kind] = [float(((rank >= 1) & (rank <= k)).mean()) for k in KS]
    return found


def record(folder: Path, dataset: str, tokenizer: str, recommender: str, seed: int) -> Path:
    """What the job that decoded a run has left of its options."""
    records = Path(Paths(str(folder)).records)
    return records / "decode_with_language_model" / dataset / tokenizer / recommender / f"{seed}.json"


def trained(
    folder: Path, dataset: str, tokenizer: str, recommender: str, seed: int
) -> tuple[LanguageModelTask, Weights]:
    """A run of a results folder, with the options that it was decoded with."""
    paths, run = Paths(str(folder)), {"dataset": dataset, "tokenizer": tokenizer, "seed": seed}
    config = read_json(record(folder, dataset, tokenizer, recommender, seed))["config"]
    options, section = config["options"], config["language_model"]
    files = []
    if section["source"] != "hub":
        own = paths.language_model.format(dataset=dataset, language_model=options["language_model"])
        files = list(language_model_files(section.get("path", own)).values())
    dense = config["dense"]
    task = make_task(
        options,
        "training",
        codes=paths.codes.format(**run),
        interactions=paths.interactions.format(**run),
        targets=paths.targets.format(**run),
        seed=seed,
        language_model=section,
        files=files,
        dense=dense,
        dense_model=dense and paths.dense_model.format(encoder=options["share_weights"], **run),
    )
    return task, load_file(paths.model.format(recommender=recommender, **run))


def table(found: list[dict[tuple[str, str], list[float]]]) -> str:
    """Recalls of each seed as Markdown, their means, and how steep these are from the second of `KS` to the last."""
    heads = [*(f"Recall@{k}" for k in KS), f"@{KS[-1]} over @{KS[1]}"]
    lines = ["| constraint | decoder |" + "".join(f" {head} |" for head in heads), "|---|---|" + "--:|" * len(heads)]
    for constraint, kind in found[0]:
        means = np.mean([of_seed[constraint, kind] for of_seed in found], axis=0)
        steep = means[-1] / means[1] if means[1] else np.nan
        cells = "".join(f" {value:.4f} |" for value in means)
        lines.append(f"| {constraint} | {kind} |{cells} {steep:.2f} |")
    return "\n".join(lines)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results/demo"))
    parser.add_argument("--dataset", default="mind-store")
    parser.add_argument("--tokenizer", default="store")
    parser.add_argument("--recommender", default="store")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--users", type=int, default=None, help="test users, drawn with a fixed seed; all if left out")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args(words)
    torch.set_num_threads(arguments.threads)
    names = arguments.dataset, arguments.tokenizer, arguments.recommender
    found, n_users, beam_size = [], 0, 0
    for seed in arguments.seeds:
        run = (arguments.results, *names, seed)
        if not record(*run).exists():
            # No failure, since `make benchmarks` runs all that is here, and the demo trains no such recommender.
            parser.exit(message=f"{record(*run)}: no such file; nothing is measured without a run that was decoded\n")
        task, weights = trained(*run)
        beam_size, n_users = task.options.decoding.beam_size, int((task.targets["split"] == "test").sum())
        found.append(recalls(task, weights, arguments.users))
    of = f"seed{'s' * (len(found) > 1)} {', '.join(map(str, arguments.seeds))}"
    n_users = min(n_users, arguments.users or n_users)
    print(f"{'/'.join(names)}, {of}, {n_users} test users, beam {beam_size}\n")
    print(table(found))


if __name__ == "__main__":
    main()
