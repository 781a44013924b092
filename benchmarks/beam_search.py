"""Users a second of constrained beam search, against transformers' `generate` with a trie of dicts, same weights.

The peer is what public TIGER code does (LETTER): `prefix_allowed_tokens_fn` looks every beam's prefix up in nested
dicts. Both return the same rankings, which is checked. Seconds are the processor's, so that a busy machine counts less.
"""

import argparse
import time

import numpy as np
import torch
from tiger_peer import compare, interleaved, report, twins
from transformers import T5ForConditionalGeneration

from semtok.recommenders.batching import Batches
from semtok.recommenders.item_codes import generate
from semtok.recommenders.sequences import Samples, Sequences
from semtok.recommenders.trie import Trie
from semtok.recommenders.vocabulary import EOS, ItemTokens

MAX_ITEMS, N_ITEMS = 20, 12_000
CATALOGUES = {"3 x 64 codes and a suffix": (64, 3), "3 x 256 codes and a suffix": (256, 3)}


class DictTrie:
    """Nested dicts from token to what may follow."""

    def __init__(self, tuples: list[list[int]]) -> None:
        self.root: dict = {}
        for tokens in tuples:
            node = self.root
            for token in [*tokens, EOS]:
                node = node.setdefault(token, {})

    def allowed(self, _batch: int, sentence: torch.Tensor) -> list[int]:
        node = self.root
        for token in sentence.tolist()[1:]:  # the first one starts the decoder
            node = node.get(token, {})
        return list(node) or [EOS]


def their_search(
    model: T5ForConditionalGeneration, trie: DictTrie, source: torch.Tensor, beam_size: int, n_levels: int
) -> torch.Tensor:
    """Tuples [U, beam_size, n_levels], best first."""
    with torch.inference_mode():
        out = model.generate(
            input_ids=source,
            attention_mask=torch.ones_like(source),
            num_beams=beam_size,
            num_return_sequences=beam_size,
            max_new_tokens=n_levels,
            prefix_allowed_tokens_fn=trie.allowed,
            do_sample=False,
            length_penalty=0.0,
        )
    return out[:, 1 : 1 + n_levels].view(len(source), beam_size, n_levels)


def agreement(ours: np.ndarray, theirs: torch.Tensor, catalogue: ItemTokens) -> float:
    """Share of ranks that hold the same item (rounding can swap neighbours whose scores are equal)."""
    return float((catalogue.tokens[ours] == theirs.numpy()).all(-1).mean())


def measure(size: int, levels: int, n_users: int, beam_size: int, repeats: int) -> tuple[dict, dict]:
    generator = np.random.default_rng(0)
    catalogue = ItemTokens.from_codes(generator.integers(0, size, (N_ITEMS, levels)), "suffix")
    n_levels = levels + 1
    theirs, ours = twins(catalogue.vocabulary.size)
    with torch.no_grad():  # untrained weights rank nearly all items alike; this spreads them
        theirs.shared.weight *= 2
        ours.embedding.weight *= 2
    theirs.eval(), ours.eval()
    sequences = Sequences(generator.integers(0, N_ITEMS, n_users * MAX_ITEMS), np.arange(n_users + 1) * MAX_ITEMS)
    batches = Batches(sequences, catalogue, MAX_ITEMS, torch.device("cpu"))
    samples = Samples(np.arange(n_users), np.full(n_users, MAX_ITEMS), np.zeros(n_users, dtype=np.int64))
    trie, dicts = Trie(catalogue, torch.device("cpu")), DictTrie(catalogue.tokens.tolist())
    source = batches.source(samples).source
    found: dict = {}

    def run_ours(_repeat: int) -> None:
        found["ours"] = generate(ours, batches, samples, trie, trie, beam_size, n_users, seed=0).top

    def run_theirs(_repeat: int) -> None:
        found["theirs"] = their_search(theirs, dicts, source, beam_size, n_levels)

    peer = "transformers generate + dict trie"
    seconds = interleaved({"semtok": run_ours, peer: run_theirs}, repeats, clock=time.process_time)
    facts = {"beam_size": beam_size, "items": N_ITEMS, "users": n_users, "dtype": "float32"}
    facts["same_ranks"] = round(agreement(found["ours"], found["theirs"], catalogue), 4)
    assert facts["same_ranks"] > 0.98, facts
    return facts, compare(seconds, "semtok", peer, n_users, "users/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few users, small beam: does it run at all?")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--users", type=int, default=32)
    parser.add_argument("--beam-size", type=int, default=50)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    n_users, beam_size, repeats = arguments.users, arguments.beam_size, arguments.repeats
    if arguments.quick:
        n_users, beam_size, repeats = 4, 10, 1
    for name, (size, levels) in CATALOGUES.items():
        facts, row = measure(size, levels, n_users, beam_size, repeats)
        report(f"Beam search, {name}, beam {beam_size}", facts, [row], aim="25")


if __name__ == "__main__":
    main()
