import pytest
import torch
from torch.nn import functional as F

from semtok.config.over_codes import T5Options
from semtok.recommenders.relative_position import relative_position_bucket
from semtok.recommenders.t5 import T5
from semtok.torchvision_operators import declare_missing
from support.t5_weights import from_transformers

declare_missing()
transformers = pytest.importorskip("transformers")

VOCABULARY_SIZE = 29
SIZES = [
    {"n_layers": 1, "d_model": 16, "d_ff": 32, "n_heads": 2, "d_kv": 8, "buckets": 8, "distance": 16},
    {"n_layers": 3, "d_model": 24, "d_ff": 40, "n_heads": 3, "d_kv": 16, "buckets": 32, "distance": 128},
    {"n_layers": 2, "d_model": 32, "d_ff": 16, "n_heads": 6, "d_kv": 4, "buckets": 16, "distance": 20},
]


def twins(size):
    """Transformers' T5 with random weights (also of the norms, which start at 1), and ours with the same."""
    config = transformers.T5Config(
        vocab_size=VOCABULARY_SIZE,
        d_model=size["d_model"],
        d_kv=size["d_kv"],
        d_ff=size["d_ff"],
        num_layers=size["n_layers"],
        num_decoder_layers=size["n_layers"],
        num_heads=size["n_heads"],
        relative_attention_num_buckets=size["buckets"],
        relative_attention_max_distance=size["distance"],
        dropout_rate=0.1,
        feed_forward_proj="relu",
        tie_word_embeddings=True,
        decoder_start_token_id=1,
    )
    theirs = transformers.T5ForConditionalGeneration(config).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    ours = T5(our_options(size), VOCABULARY_SIZE).eval()
    ours.load_state_dict(from_transformers(theirs.state_dict()))
    return theirs, ours


def our_options(size, encoder="bidirectional"):
    return T5Options(
        encoder=encoder,
        n_layers=size["n_layers"],
        d_model=size["d_model"],
        d_ff=size["d_ff"],
        n_heads=size["n_heads"],
        d_kv=size["d_kv"],
        dropout=0.1,
        relative_attention_buckets=size["buckets"],
        relative_attention_max_distance=size["distance"],
    )


def example(lengths=(25, 3, 14, 1)):
    source = torch.randint(3, VOCABULARY_SIZE, (len(lengths), max(lengths)))
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    target = torch.cat([torch.ones(len(lengths), 1, dtype=torch.long), torch.randint(3, 29, (len(lengths), 5))], dim=1)
    return source, mask, target


@pytest.mark.parametrize("size", SIZES)
def test_logits_and_loss_agree_with_transformers(size):
    theirs, ours = twins(size)
    source, mask, target = example()
    with torch.no_grad():
        expected = theirs(
            input_ids=source,
            attention_mask=mask,
            decoder_input_ids=target[:, :-1],
            labels=target[:, 1:].contiguous(),
        )
        logits = ours.decode(ours.encode(source, mask), mask, target[:, :-1])
        loss = ours(source, mask, target)
    assert expected.logits.std() > 0.1
    torch.testing.assert_close(logits, expected.logits, atol=1e-4, rtol=0)
    torch.testing.assert_close(loss / target[:, 1:].numel(), expected.loss, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", SIZES)
def test_gradients_agree_with_transformers(size):
    theirs, ours = twins(size)
    source, mask, target = example()
    theirs(input_ids=source, attention_mask=mask, decoder_input_ids=target[:, :-1], labels=target[:, 1:].contiguous())[
        "loss"
    ].backward()
    (ours(source, mask, target) / target[:, 1:].numel()).backward()
    gradients = {name: parameter.grad for name, parameter in theirs.named_parameters()}
    expected = from_transformers(gradients)
    found = {name: parameter.grad for name, parameter in ours.named_parameters()}
    assert found.keys() == expected.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], atol=1e-5, rtol=1e-3, msg=name)


def test_parameters_are_as_many_as_in_transformers():
    theirs, ours = twins(SIZES[1])
    count = sum(parameter.numel() for parameter in ours.parameters())
    assert count == sum(parameter.numel() for parameter in theirs.parameters())


def test_initial_spread_of_every_map_is_that_of_transformers():
    size = {"n_layers": 1, "d_model": 128, "d_ff": 512, "n_heads": 6, "d_kv": 64, "buckets": 32, "distance": 128}
    config = transformers.T5Config(
        **{"vocab_size": 500, "d_model": 128, "d_kv": 64, "d_ff": 512, "num_layers": 1, "num_heads": 6},
        tie_word_embeddings=True,
    )
    theirs = from_transformers(transformers.T5ForConditionalGeneration(config).state_dict())
    ours = T5(our_options(size), 500).state_dict()
    for name, weight in ours.items():
        expected = float(theirs[name].std())
        assert float(weight.std()) == pytest.approx(expected, rel=0.2), name
        if "query_key_value" in name:
            queries = slice(0, 384)
            assert float(weight[queries].std()) == pytest.approx(float(theirs[name][queries].std()), rel=0.1)


@pytest.mark.parametrize("size", SIZES)
def test_step_by_step_equals_all_at_once(size):
    _, ours = twins(size)
    source, mask, target = example()
    with torch.no_grad():
        encoded = ours.encode(source, mask)
        expected = ours.decode(encoded, mask, target)
        _, state = ours.begin(source, mask)
        for position in range(target.shape[1]):
            logits, state = ours.step(target[:, position], state)
            torch.testing.assert_close(logits, expected[:, position], atol=1e-4, rtol=1e-4)


def test_rows_that_branch_see_their_own_past():
    _, ours = twins(SIZES[1])
    source, mask, _ = example()
    first, second = torch.tensor([5, 6, 7, 8]), torch.randint(3, 29, (4 * 3,))
    third = torch.randint(3, 29, (4 * 2,))
    chosen = torch.tensor([2, 0, 3, 3, 8, 7, 9, 11])
    with torch.no_grad():
        _, state = ours.step(first, ours.begin(source, mask)[1])
        _, state = ours.step(second, state.select(torch.arange(4).repeat_interleave(3)))
        logits, _ = ours.step(third, state.select(chosen))
        for row in range(8):
            user, past = row // 2, chosen[row]
            whole = torch.stack([first[user], second[past], third[row]])[None]
            encoded = ours.encode(source[user : user + 1], mask[user : user + 1])
            expected = ours.decode(encoded, mask[user : user + 1], whole)[0, -1]
            torch.testing.assert_close(logits[row], expected, atol=1e-4, rtol=1e-4)


def test_pads_change_nothing():
    _, ours = twins(SIZES[0])
    source, mask, target = example((7, 7))
    longer = F.pad(source, (0, 4), value=0)
    with torch.no_grad():
        expected = ours(source, None, target)
        assert mask.all()
        torch.testing.assert_close(ours(longer, F.pad(mask, (0, 4)), target), expected)
        other = longer.clone()
        other[:, 7:] = 11
        torch.testing.assert_close(ours(other, F.pad(mask, (0, 4)), target), expected)


def test_a_target_token_does_not_see_later_ones():
    _, ours = twins(SIZES[1])
    source, mask, target = example()
    changed = target.clone()
    changed[:, 3:] = 4
    with torch.no_grad():
        encoded = ours.encode(source, mask)
        logits, others = ours.decode(encoded, mask, target), ours.decode(encoded, mask, changed)
    torch.testing.assert_close(logits[:, :3], others[:, :3])
    assert not torch.allclose(logits[:, 3:], others[:, 3:])


def test_dropout_acts_in_training_only():
    _, ours = twins(SIZES[0])
    source, mask, target = example()
    with torch.no_grad():
        assert ours(source, mask, target) == ours(source, mask, target)
        ours.train()
        assert ours(source, mask, target) != ours(source, mask, target)


def test_buckets_by_hand():
    distance = torch.tensor([-20, -8, -3, -1, 0, 1, 3, 8, 20])
    two_sided = relative_position_bucket(distance, 8, 16, bidirectional=True)
    assert two_sided.tolist() == [3, 3, 2, 1, 0, 5, 6, 7, 7]
    causal = relative_position_bucket(distance, 8, 16, bidirectional=False)
    assert causal.tolist() == [7, 6, 3, 1, 0, 0, 0, 0, 0]


def test_a_causal_encoder_sees_nothing_later():
    """So that what is encoded of a history is encoded of each of its prefixes, also beyond one piece of attention."""
    torch.manual_seed(0)
    model = T5(our_options(SIZES[1], encoder="causal"), VOCABULARY_SIZE).eval()
    source = torch.randint(3, VOCABULARY_SIZE, (2, 150))
    with torch.no_grad():
        whole = model.encode(source, None)
        for length in (1, 63, 64, 65, 130):
            torch.testing.assert_close(model.encode(source[:, :length], None), whole[:, :length], atol=1e-5, rtol=1e-4)
        changed = source.clone()
        changed[:, 100:] = 3
        assert not torch.allclose(model.encode(changed, None)[:, 100:], whole[:, 100:])


def test_a_bidirectional_encoder_sees_what_is_later():
    model = T5(our_options(SIZES[0]), VOCABULARY_SIZE).eval()
    source = torch.randint(3, VOCABULARY_SIZE, (1, 10))
    with torch.no_grad():
        assert not torch.allclose(model.encode(source[:, :5], None), model.encode(source, None)[:, :5], atol=1e-3)
