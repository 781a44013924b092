"""Sequences a second of a TIGER training step, against transformers' T5 with the same weights, optimizer and batch.

Two settings: every history has 20 items; and histories as long as those of Amazon Beauty. Public code pads every
history to 20 items; the stronger peer pads a random batch to its longest history.
"""

import argparse

import numpy as np
import torch
from tiger_peer import compare, interleaved, report, step, training_options, twins
from transformers import T5ForConditionalGeneration

from semtok.recommenders.batching import Batches
from semtok.recommenders.prefixes import Prefixes
from semtok.recommenders.sequences import Samples, Sequences
from semtok.recommenders.t5 import T5
from semtok.recommenders.training import make_optimizer
from semtok.recommenders.vocabulary import ItemTokens

MAX_ITEMS, N_ITEMS = 20, 12_000
# Shares of histories of 1, 2, ... 19 and at least 20 items among the train prefixes of Amazon 2014 Beauty, 5-core,
# leave-one-out (131,413 prefixes, counted from the official file).
BEAUTY = [17.02, 17.02, 11.57, 8.36, 6.32, 4.94, 3.9, 3.23, 2.7, 2.27]
BEAUTY += [1.94, 1.67, 1.47, 1.31, 1.15, 1.04, 0.95, 0.86, 0.78, 11.53]


def made_up_batches(
    lengths: np.ndarray, batch_size: int, generator: np.random.Generator
) -> tuple[Batches, list[Samples]]:
    """A catalogue of 3 x 64 codes and a suffix, and as many samples as `lengths`, in batches."""
    catalogue = ItemTokens.from_codes(generator.integers(0, 64, (N_ITEMS, 3)), "suffix")
    starts = np.concatenate([[0], np.cumsum(lengths)])
    sequences = Sequences(generator.integers(0, N_ITEMS, starts[-1]), starts)
    users = np.arange(len(lengths))
    samples = Samples(users, lengths, generator.integers(0, N_ITEMS, len(lengths)))
    parts = [samples.take(rows) for rows in np.split(users, len(users) // batch_size)]
    return Batches(sequences, catalogue, MAX_ITEMS, torch.device("cpu")), parts


def collated(batches: Batches, samples: Samples, width: int | None) -> dict[str, torch.Tensor]:
    """The samples as transformers wants them, padded to `width` tokens or to the longest."""
    batch, target = batches.source(samples), batches.target(samples.item)
    mask = torch.ones_like(batch.source, dtype=torch.bool) if batch.mask is None else batch.mask
    missing = 0 if width is None else width - batch.source.shape[1]
    source, mask = (torch.nn.functional.pad(tensor, (0, missing)) for tensor in (batch.source, mask))
    return {"input_ids": source, "attention_mask": mask.long(), "labels": target[:, 1:].contiguous()}


def check_equal_losses(theirs: T5ForConditionalGeneration, ours: T5, batches: Batches, samples: Samples) -> None:
    """Without dropout both must see the same loss, or the comparison means nothing."""
    theirs.eval(), ours.eval()
    with torch.no_grad():
        expected = float(theirs(**collated(batches, samples, None)).loss)
        batch, target = batches.source(samples), batches.target(samples.item)
        found = float(ours(batch.source, batch.mask, target)) / target[:, 1:].numel()
    theirs.train(), ours.train()
    assert abs(found - expected) < 1e-4, (found, expected)


def measure(lengths: np.ndarray, batch_size: int, repeats: int, fixed_width: bool) -> list[dict[str, object]]:
    """Compare on batches of these history lengths, a new one each repeat."""
    batches, parts = made_up_batches(lengths, batch_size, np.random.default_rng(0))
    theirs, ours = twins(int(batches.tokens.max()) + 1)
    check_equal_losses(theirs, ours, batches, parts[0])
    options = training_options(batch_size)
    our_optimizer = make_optimizer(ours, options)
    their_optimizer = torch.optim.AdamW(theirs.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    width = MAX_ITEMS * batches.n_levels

    def their_step(inputs: dict[str, torch.Tensor]) -> None:
        their_optimizer.zero_grad(set_to_none=True)
        theirs(**inputs).loss.backward()
        their_optimizer.step()

    rows = np.arange(batch_size)
    prefixes = [Prefixes(ours, batches, part) for part in parts]
    contestants = {"semtok": lambda repeat: step(prefixes[repeat], our_optimizer, rows)}
    longest = [collated(batches, part, None) for part in parts]
    contestants["transformers, padded to the longest" if fixed_width else "transformers"] = lambda repeat: their_step(
        longest[repeat]
    )
    if fixed_width:
        fixed = [collated(batches, part, width) for part in parts]
        contestants["transformers, padded to 20 items"] = lambda repeat: their_step(fixed[repeat])
    seconds = interleaved(contestants, repeats)
    return [compare(seconds, "semtok", peer, batch_size, "sequences/s") for peer in contestants if peer != "semtok"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small batches, few repeats: does it run at all?")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    repeats, batch_size = (2, 16) if arguments.quick else (arguments.repeats, arguments.batch_size)
    count = (repeats + 1) * batch_size
    shares = np.array(BEAUTY) / sum(BEAUTY)
    beauty = np.random.default_rng(1).choice(np.arange(1, MAX_ITEMS + 1), count, p=shares)
    facts = {"batch_size": batch_size, "dtype": "float32", "dropout": 0.1}
    report("TIGER training, 20 items each", facts, measure(np.full(count, MAX_ITEMS), batch_size, repeats, False))
    report("TIGER training, lengths of Beauty", facts, measure(beauty, batch_size, repeats, True))


if __name__ == "__main__":
    main()
