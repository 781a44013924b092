"""Codes in a language model, against transformers' own OPT with the same weights.

Decoding: users a second of our beam search, whose branches share the keys and values of the history, against `generate`
with `prefix_allowed_tokens_fn` over nested dicts. Training: targets a second of a step, in which one pass asks for
all codes of a window, against one target a sample, its history the items' texts, padded to the longest of the batch.

The language model has random weights, and is larger than the demo's; codes are words of it for the decoding's peer. The
rankings are checked to be the same. Losses cannot be, since a text is no code: checked is that both ask for the same
codes of the same targets.
"""

import argparse

import numpy as np
import torch
from tiger_peer import compare, interleaved, report, step
from transformers import OPTConfig, OPTForCausalLM

from semtok.config.on_language_models import AdaptedModel
from semtok.encoders.attributes import AttributeTokens, padded
from semtok.encoders.corpus_language_model import byte_level_bpe
from semtok.encoders.language_models import LanguageModel
from semtok.recommenders.batching import Batches
from semtok.recommenders.beam_search import beam_search
from semtok.recommenders.language_codes import LanguageCodes
from semtok.recommenders.prefixes import EveryTarget
from semtok.recommenders.prompts import PromptBatch
from semtok.recommenders.sequences import Samples, Sequences
from semtok.recommenders.training import make_optimizer
from semtok.recommenders.trie import Trie
from semtok.recommenders.vocabulary import N_SPECIALS, ItemTokens
from support.in_language_models import store_options
from support.language import ATTRIBUTES
from support.language import items as texts

MAX_ITEMS, N_ITEMS, N_LEVELS, SIZE = 20, 12_000, 4, 256
SHAPE = {"hidden_size": 128, "num_hidden_layers": 4, "num_attention_heads": 4, "ffn_dim": 512}
CPU = torch.device("cpu")


def networks() -> tuple[LanguageCodes, OPTForCausalLM, ItemTokens]:
    """Ours, and an OPT of the same weights whose words go on with the codes."""
    catalogue = ItemTokens.from_codes(np.random.default_rng(0).integers(0, SIZE, (N_ITEMS, N_LEVELS)), "expand")
    vocabulary = byte_level_bpe(texts(), 320)
    shape = {**SHAPE, "word_embed_proj_dim": SHAPE["hidden_size"], "max_position_embeddings": 512, "dropout": 0.0}
    own = OPTForCausalLM(OPTConfig(vocab_size=vocabulary.get_vocab_size(), **shape))
    options = AdaptedModel(lora_rank=128, lora_alpha=128, lora_dropout=0.0)
    n_words = own.config.vocab_size
    theirs = OPTForCausalLM(OPTConfig(vocab_size=n_words + catalogue.vocabulary.size - N_SPECIALS, **shape))
    named = {name: weight for name, weight in own.state_dict().items() if "embed_tokens" not in name}
    theirs.load_state_dict({name: weight for name, weight in named.items() if "lm_head" not in name}, strict=False)
    model = LanguageCodes(LanguageModel(own, vocabulary), options, catalogue.vocabulary.size, N_LEVELS)
    with torch.no_grad():
        # transformers' OPT ties what it reads and writes.
        model.symbols.weight.normal_(std=0.3)
        model.head.weight.copy_(model.symbols.weight)
        theirs.get_input_embeddings().weight.copy_(torch.cat([model.decoder.embed_tokens.weight, model.symbols.weight]))
    return model, theirs, catalogue


def histories(catalogue: ItemTokens, n_users: int, n_before: int) -> tuple[Batches, Samples]:
    """Users of `n_before` items and one more, which is to be told."""
    generator = np.random.default_rng(1)
    length = n_before + 1
    sequences = Sequences(generator.integers(0, N_ITEMS, n_users * length), np.arange(n_users + 1) * length)
    batches = Batches(sequences, catalogue, MAX_ITEMS, CPU)
    users = np.arange(n_users)
    return batches, Samples(users, np.full(n_users, n_before), sequences.items[sequences.starts[1:] - 1])


class DictTrie:
    """Nested dicts from a word to what may follow it, behind a prompt of `start` words."""

    def __init__(self, tuples: list[list[int]], start: int) -> None:
        self.root: dict = {}
        self.start = start
        for words in tuples:
            node = self.root
            for word in words:
                node = node.setdefault(word, {})

    def allowed(self, _batch: int, sentence: torch.Tensor) -> list[int]:
        node = self.root
        for word in sentence[self.start :].tolist():
            node = node.get(word, {})
        return list(node) or [1]


def measure_decoding(n_users: int, beam_size: int, repeats: int) -> None:
    model, theirs, catalogue = networks()
    model.eval(), theirs.eval()
    batches, samples = histories(catalogue, n_users, MAX_ITEMS)
    trie, source = Trie(catalogue, CPU), batches.source(samples).source
    n_items = torch.full((n_users,), MAX_ITEMS)
    none = torch.zeros(n_users, MAX_ITEMS, dtype=torch.bool)
    prompts = model.history(source, n_items, source[:, :0], none, len(model.next)).ids
    dicts = DictTrie((catalogue.tokens - N_SPECIALS + model.n_words).tolist(), prompts.shape[1])
    found: dict = {}

    def run_ours(_repeat: int) -> None:
        leaves, _ = beam_search(model, trie, trie, batches.source(samples), beam_size, True)
        found["ours"] = catalogue.tokens[trie.items[trie.item_starts[leaves]].numpy()]

    @torch.inference_mode()
    def run_theirs(_repeat: int) -> None:
        out = theirs.generate(
            input_ids=prompts,
            attention_mask=torch.ones_like(prompts),
            num_beams=beam_size,
            num_return_sequences=beam_size,
            min_new_tokens=N_LEVELS,
            max_new_tokens=N_LEVELS,
            prefix_allowed_tokens_fn=dicts.allowed,
            renormalize_logits=True,  # words and codes share its softmax, and ours is over codes
            do_sample=False,
            length_penalty=0.0,
            eos_token_id=None,
        )
        words = out[:, -N_LEVELS:].view(n_users, beam_size, N_LEVELS)
        found["theirs"] = (words - model.n_words + N_SPECIALS).numpy()

    peer = "transformers generate + dict trie"
    seconds = interleaved({"semtok": run_ours, peer: run_theirs}, repeats)
    same = float((found["ours"] == found["theirs"]).all(-1).mean())
    facts = {"beam_size": beam_size, "users": n_users, "prompt": prompts.shape[1], "same_ranks": round(same, 4)}
    assert same > 0.95, facts
    row = compare(seconds, "semtok", peer, n_users, "users/s")
    report(f"Beam search in a language model, beam {beam_size}", facts, [row])


def text_prompts(model: LanguageCodes, batches: Batches, samples: Samples) -> PromptBatch:
    """Prompts of one target each, in whose histories items are their texts, as a language model of words has them."""
    content = AttributeTokens(texts(N_ITEMS), ATTRIBUTES, model.vocabulary, None).content
    before, newline, following = (part.tolist() for part in (model.prefix, model.between, model.next))
    rows = []
    for sample, item in enumerate(samples.item):
        history = batches.sequences.histories(samples.take(np.array([sample])), MAX_ITEMS).items[0]
        read = [token for one in history for token in (*content(one), *newline)]
        rows.append([*before, *read, *following, *(batches.tokens[item] - N_SPECIALS + model.n_words).tolist()])
    ids, n_tokens = padded(rows, model.filler, CPU), torch.tensor([len(row) for row in rows])
    place = torch.arange(ids.shape[1])
    return PromptBatch(ids, n_tokens, (place >= (n_tokens - N_LEVELS)[:, None]) & (place < n_tokens[:, None]))


def measure_training(n_users: int, repeats: int) -> None:
    model, _, catalogue = networks()
    batches, last = histories(catalogue, n_users, MAX_ITEMS)
    users, positions = np.repeat(last.user, MAX_ITEMS), np.tile(1 + np.arange(MAX_ITEMS), n_users)
    every = Samples(users, positions, batches.sequences.items[batches.sequences.starts[users] + positions])
    ours = EveryTarget(model, batches, every, seed=0)
    options = store_options(learning_rate=5e-4).training
    optimizer = make_optimizer(model, options)
    # The peer trains LoRA's maps and the code vectors too: the same network, one target a sample.
    twin, _, _ = networks()
    their_optimizer = make_optimizer(twin, options)
    prompts = text_prompts(twin, batches, every.take(np.flatnonzero(every.user == 0)))
    labels = (prompts.ids - twin.n_words).masked_fill(~prompts.asked, -100)[:, 1:]
    mask = torch.arange(prompts.ids.shape[1]) < prompts.n_tokens[:, None]
    assert torch.equal(labels[labels >= 0].view(-1, N_LEVELS), batches.tokens[every.item[:MAX_ITEMS]] - N_SPECIALS)

    def run_ours(_repeat: int) -> None:
        step(ours, optimizer, np.arange(len(ours)))

    def run_theirs(_repeat: int) -> None:
        their_optimizer.zero_grad()
        states = twin.decoder(inputs_embeds=twin.embed(prompts.ids), attention_mask=mask.long(), use_cache=False)
        logits = twin.head(states.last_hidden_state[:, :-1])  # at every place, as a causal language model's head is
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten()).backward()
        their_optimizer.step()

    peer = "transformers, one target a sample, padded texts"
    seconds = interleaved({"semtok": run_ours, peer: run_theirs}, repeats)
    # Theirs had the targets of one user, ours those of all.
    seconds[peer] = [n_users * one for one in seconds[peer]]
    facts = {"windows": n_users, "targets": len(every), "levels": N_LEVELS}
    facts |= {"longest_text_prompt": prompts.ids.shape[1], "tokens_of_text_prompts": int(prompts.n_tokens.sum())}
    report("Training in a language model", facts, [compare(seconds, "semtok", peer, len(every), "targets/s")])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few users, small beam: does it run at all?")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--users", type=int, default=16)
    parser.add_argument("--beam-size", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    n_users, beam_size, repeats = arguments.users, arguments.beam_size, arguments.repeats
    if arguments.quick:
        n_users, beam_size, repeats = 4, 10, 1
    measure_decoding(n_users, beam_size, repeats)
    measure_training(n_users, repeats)


if __name__ == "__main__":
    main()
