"""The two passes against the mask as the paper draws it, and what of the network learns."""

import pytest
import torch

from semtok.encoders.dense_training import DenseTraining
from support.language import ATTRIBUTES, dense_options, items, untrained


@pytest.fixture(autouse=True)
def _processor(monkeypatch):
    monkeypatch.setenv("SEMTOK_DEVICE", "cpu")
    monkeypatch.setenv("SEMTOK_DTYPE", "float32")


def training_of(**changed):
    """Like opt-350m, or with `changed`; LoRA's maps are moved off zero, where they start."""
    frame = items()
    training = DenseTraining(dense_options(), untrained(frame, **changed), frame, ATTRIBUTES)
    with torch.no_grad():
        for name, weight in training.model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.3)
    training.model.eval()
    return training


def four_blocks(n_content, n_dense, n_task):
    """[length, length], True where a query (row) sees a key: STORE's Figure 4, of blocks C, T, P, K."""
    sizes = {"C": n_content, "T": n_dense, "P": n_dense, "K": n_task}
    full = {("T", "C"), ("K", "P")}
    rows = []
    for query, n_queries in sizes.items():
        blocks = []
        for key, n_keys in sizes.items():
            block = torch.zeros(n_queries, n_keys, dtype=torch.bool)
            if query == key:
                block = torch.ones_like(block).tril()
            elif (query, key) in full:
                block = torch.ones_like(block)
            blocks.append(block)
        rows.append(torch.cat(blocks, dim=1))
    return torch.cat(rows)


def in_one_sequence(model, content, task, dense):
    """States [length, width] of [C | T | P | K] under the explicit mask, with `dense` [v, width of a word] at P."""
    n_content = len(content) - model.n_dense
    mask = four_blocks(n_content, model.n_dense, len(task))
    inputs = torch.cat([model.embed(content[None])[0], dense, model.embed(task[None])[0]])
    positions = torch.cat([torch.arange(len(content)), torch.arange(model.n_dense + len(task))])
    hidden = torch.zeros(mask.shape).masked_fill(~mask, torch.finfo(torch.float32).min)
    return model.decoder(
        inputs_embeds=inputs[None], attention_mask=hidden[None, None], position_ids=positions[None]
    ).last_hidden_state[0]


@pytest.mark.parametrize(
    "shape",
    [{}, {"hidden_size": 32, "word_embed_proj_dim": 32, "do_layer_norm_before": True}],
    ids=["like opt-350m", "like opt-125m"],
)
@torch.no_grad()
def test_two_passes_are_the_mask_of_four_blocks(shape):
    training = training_of(**shape)
    model, batch = training.model, training.readable[:9]
    tokens, mask = training.contents(batch)
    asked = training.ask(batch)
    assert not mask.all(), "contents of unequal length, so that padding matters"
    states, dense = model.read(tokens, mask)
    logits = model.answer(dense[asked.row], asked.tokens, asked.mask)
    found = []
    for row, task, real in zip(asked.row, asked.tokens, asked.mask, strict=True):
        content, answer = tokens[row][mask[row]], task[real]
        whole = in_one_sequence(model, content, answer, dense[row])
        at_dense = whole[len(content) - model.n_dense : len(content)]
        torch.testing.assert_close(at_dense, states[row], atol=1e-5, rtol=0)
        at_task = whole[-len(answer) : -1]
        found.append(model.narrow(at_task) @ model.decoder.embed_tokens.weight.T)
    torch.testing.assert_close(torch.cat(found), logits, atol=1e-5, rtol=0)
    assert len(logits) == len(asked.words) > 50


@torch.no_grad()
def test_an_answer_depends_on_the_item_through_its_dense_tokens():
    training = training_of()
    model, asked = training.model, training.ask(training.readable[:1])
    _, dense = model.read(*training.contents(training.readable[:2]))
    own, of_another = (model.answer(dense[row + asked.row], asked.tokens, asked.mask) for row in (0, 1))
    assert (own - of_another).abs().max() > 1e-3


@torch.no_grad()
def test_a_dense_token_sees_those_before_it():
    training = training_of()
    model, contents = training.model, training.contents(training.readable[:1])
    before, _ = model.read(*contents)
    special = model.special.clone()
    model.special[0] += 1
    first_changed, _ = model.read(*contents)
    model.special.copy_(special)
    model.special[1] += 1
    second_changed, _ = model.read(*contents)
    assert (first_changed - before)[0, 1].abs().max() > 1e-3
    assert torch.equal(second_changed[0, 0], before[0, 0])


def test_lora_and_new_tokens_learn_and_words_do_not():
    training = training_of()
    model = training.model
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    model.train()
    for batch in training.batches(1):
        training.optimizer.zero_grad()
        training.backward(batch, None)
        training.optimizer.step()
    changed = {name for name, weight in model.named_parameters() if not torch.equal(weight, before[name])}
    assert "decoder.embed_tokens.weight" in before
    assert changed == {name for name in before if "lora" in name or name == "special"}
    assert len(changed) == 2 * 2 * 2 + 1  # A and B of two projections of two blocks
    assert changed == model.trained == set(model.state_dict())
    # Every dense token and every task has learned.
    assert not (model.special == before["special"]).all(dim=1).any()


def test_the_gradient_of_an_answer_reaches_what_reads():
    training = training_of()
    model, batch = training.model, training.readable[:4]
    _, dense = model.read(*training.contents(batch))
    dense.retain_grad()
    asked = training.ask(batch)
    model.answer(dense[asked.row], asked.tokens, asked.mask).logsumexp(dim=1).sum().backward()
    assert dense.grad.abs().sum() > 0
    assert model.special.grad[: model.n_dense].abs().sum() > 0


def test_the_state_is_what_was_trained():
    training, other = training_of(), training_of()
    state = training.model.state_dict()
    with pytest.raises(KeyError, match="special"):
        other.model.load_state_dict({name: weight for name, weight in state.items() if name != "special"})
    other.model.load_state_dict(state)
    batch = training.readable[:5]
    with torch.no_grad():
        mine, theirs = (one.model.read(*one.contents(batch))[0] for one in (training, other))
    torch.testing.assert_close(mine, theirs)
