import pytest

from semtok.config.variants import canonical, parse, resolve, suggestion, without_changes
from semtok.errors import ConfigError

ENTRIES = {
    "cost": {"temperature": 0.1, "epochs": 100, "hidden_dims": [4, 2], "model": {"n_layers": 4, "d_ff": 8}},
    "cost+reconstruction": {"temperature": 0.1, "epochs": 100},
}


def test_a_name_may_hold_a_plus():
    assert parse("cost+reconstruction+temperature=0.5") == ("cost+reconstruction", {"temperature": 0.5})


def test_values_replace_the_entrys_own_and_leave_it_alone():
    options = resolve(ENTRIES, "cost+temperature=0.5+model.n_layers=2", "tokenizers")
    assert options["temperature"] == 0.5
    assert options["model"] == {"n_layers": 2, "d_ff": 8}
    assert ENTRIES["cost"]["model"]["n_layers"] == 4


def test_a_variant_that_changes_nothing_is_the_entry():
    assert canonical(ENTRIES, "cost+temperature=0.1+epochs=20", "tokenizers") == "cost+epochs=20"
    assert canonical(ENTRIES, "cost+temperature=0.1", "tokenizers") == "cost"


def test_one_variant_has_one_name():
    assert canonical(ENTRIES, "cost+temperature=1+epochs=20", "tokenizers") == "cost+temperature=1.0+epochs=20"
    assert canonical(ENTRIES, "cost+temperature=1.0+epochs=20", "tokenizers") == "cost+temperature=1.0+epochs=20"


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ("cosst", "did you mean 'cost'"),
        ("cost+temprature=1", "did you mean 'temperature'"),
        ("cost+epochs=1+reconstruction", "expected NAME"),
        ("cost+epochs.x=1", "has no parts"),
    ],
)
def test_unknown_names_are_refused_with_a_hint(variant, message):
    with pytest.raises(ConfigError, match=message):
        resolve(ENTRIES, variant, "tokenizers")


def test_few_choices_are_listed():
    assert suggestion("zzz", ["b", "a"]) == "; known: a, b"


def test_a_part_of_the_options_can_be_the_entrys_own():
    assert without_changes("store+decoding.constraint=position", "decoding") == "store"
    assert without_changes("rqvae+x+training.epochs=2+decoding.beam_size=9", "decoding") == "rqvae+x+training.epochs=2"
    assert without_changes("tiger+decoding_of=1", "decoding") == "tiger+decoding_of=1"
