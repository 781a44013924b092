"""Whatever a config holds, it is right or a ConfigError, in bounded time; names that pass are safe in a shell."""

import copy
import datetime
import os
import re
import shlex
import time
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semtok.config.variants import parse
from semtok.errors import ConfigError
from semtok.plan.check import check
from semtok.plan.definition import load
from support.mutations import FACTOR
from support.project import ROOT

DEFINITIONS = ROOT / "config" / "papers"
SECTIONS = ("datasets", "encoders", "tokenizers", "recommenders", "papers")
BAD_NAMES = [
    *(
        "a b",
        "a'b",
        'a"b',
        "a;b",
        "a$(touch x)b",
        "a`id`",
        "a\nb",
        "a\n",
        "..",
        ".",
        "../a",
        "a/..",
        "a/b",
        "/a",
        "~",
        "-rf",
    ),
    *(
        "",
        " ",
        "a*",
        "a?",
        "a|b",
        "a>b",
        "a&b",
        "a\\b",
        "a\x00b",
        "{a}",
        "a\u202eb",
        "\uff41",
        "a" * 101,
        "#a",
        "!a",
        "a%0a",
    ),
]

texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [*BAD_NAMES, "cost", "tfidf", "ids", "null", "1e-4", "9" * 5000, "cost+temperature=0.5", "a" * 2000]
    ),
)
scalars = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), texts, st.binary(max_size=4), st.dates()),
    st.sampled_from([10**30, -(10**400), 2**64, 0, -1, float("inf"), datetime.datetime(1, 1, 1)]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(texts, st.integers(), st.none()), inner, max_size=4)
    ),
    max_leaves=8,
)


@cache
def small():
    """The demo's config with one table, so that it is checked in milliseconds."""
    raw = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    del raw["papers"]["simcit"]
    raw["papers"]["cost"] |= {"tables": ["table2"], "figures": [], "datasets": {"MIND": "mind"}}
    return raw


def places(node, path=()):
    """The path of every value."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def changed(raw, path, value):
    node = raw = copy.deepcopy(raw)
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return raw


def is_right(raw):
    try:
        check(raw, DEFINITIONS)
    except ConfigError as error:
        message = str(error)
    else:
        return True
    assert len(message) < 100_000
    return False


def renamed(section, name):
    """The config with another entry beside the others, the same but for its name."""
    entries = small()[section]
    return small() | {section: entries | {name: next(iter(entries.values()))}}


def test_the_config_is_right_before_it_is_changed():
    assert is_right(small())


@settings(max_examples=60 * FACTOR, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_changed_config_is_right_or_refused(data):
    raw = small()
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(sorted(places(raw), key=str)))
        if isinstance(path[-1], str) and data.draw(st.booleans()):
            path = (*path[:-1], data.draw(texts))
        raw = changed(raw, path, data.draw(values))
    is_right(raw)


@settings(max_examples=60 * FACTOR, deadline=None)
@given(st.dictionaries(st.one_of(st.sampled_from([*SECTIONS, "source", "mirror", "seeds"]), texts), values, max_size=9))
def test_a_random_config_is_refused(raw):
    assert not is_right(raw)


@settings(max_examples=80 * FACTOR, deadline=None)
@given(st.sampled_from(SECTIONS[:-1]), st.one_of(texts, st.from_regex(r"[A-Za-z0-9_.+= ;$-]{1,9}")))
def test_names_that_pass_are_safe_in_a_path_and_in_a_shell(section, name):
    if is_right(renamed(section, name)):
        assert re.fullmatch(r"[A-Za-z0-9_.+=-]+", name)
        assert shlex.split(f"touch {name}") == ["touch", name] == ["touch", shlex.quote(name).strip("'")]
        assert (Path("/results") / name).resolve() == Path("/results", name)
        assert name not in (".", "..")
        assert len(os.fsencode(f".{name}.graph.1234567.tmp.npz")) < 255


@settings(max_examples=80 * FACTOR, deadline=None)
@given(st.one_of(texts, st.from_regex(r"cost(\+[a-z_.]{1,9}=[^/]{0,9}){1,3}"), st.from_regex(r"[a-z+=.-]{1,12}")))
def test_variants_that_pass_are_safe_in_a_path_and_in_a_shell(variant):
    try:
        parse(variant)
    except ConfigError:
        return
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+=-]*", variant)
    assert len(variant) <= 200


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused_where_they_stand(section, name):
    with pytest.raises(ConfigError) as caught:
        check(renamed(section, name), DEFINITIONS)
    assert f"  {section}" in str(caught.value)


@pytest.mark.parametrize("value", ["a\nb", "a\x00b", "{dataset}"])
def test_paths_with_control_characters_or_wildcards_are_refused(value):
    for path in (("mirror",), ("encoders", "vit-untrained", "pretrained"), ("datasets", "nyc", "images", "folder")):
        with pytest.raises(ConfigError, match=rf"{'.'.join(path)}.*: found '"):
            check(changed(small(), path, value), DEFINITIONS)


def bomb(kind):
    """YAML of a few hundred bytes that is exponentially large to whoever walks over it."""
    start, more = {"list": ("[x]", "[{}]"), "map": ("{k: x}", "{{{}}}")}[kind]
    lines = [f"a0: &a0 {start}"]
    for i in range(1, 40):
        uses = ", ".join(f"*a{i - 1}" if kind == "list" else f"k{j}: *a{i - 1}" for j in range(9))
        lines.append(f"a{i}: &a{i} {more.format(uses)}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (bomb("list"), "more than 100000 values|values nested more than 30 deep"),
        (bomb("map"), "more than 100000 values|values nested more than 30 deep"),
        ("a: &a [*a]", "values nested more than 30 deep"),
        ("a: " + "[" * 60 + "]" * 60, "values nested more than 30 deep"),
        ("a: 0x" + "f" * 6000, "a whole number of 24000 bits, expected at most 63"),
        ("a: " + "x" * 1_000_001, "a text of 1000001 characters"),
    ],
    ids=["aliases of lists", "aliases of maps", "a circle", "depth", "number", "text"],
)
def test_yaml_out_of_proportion_is_refused_at_once(content, found, tmp_path):
    start = time.process_time()
    with pytest.raises(ConfigError, match=found):
        check(small() | yaml.safe_load(content), DEFINITIONS)
    (tmp_path / "x.yaml").write_text(content)
    with pytest.raises(ConfigError, match=f"x.yaml: found ({found})"):
        load(tmp_path / "x.yaml")
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "content",
    [
        b"!!python/object/apply:os.system ['touch trap']",
        b"title: !!python/name:os.system",
        b"title: 2001-99-99",
        b"title: " + b"[" * 3000,
        b"title: " + b"1" * 5000,
        b"\xff\xfe\x00",
        b"- 1",
        b"",
        b"tables: {'../x': {}}",
    ],
)
def test_a_definition_that_is_no_plain_yaml_is_refused(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"x.yaml: "):
        load(tmp_path / "x.yaml")
    assert not (tmp_path / "trap").exists()


def test_a_paper_is_never_read_from_outside_the_definitions(tmp_path):
    (tmp_path / "papers").mkdir()
    (tmp_path / "out.yaml").write_text("secret: 1")
    with pytest.raises(ConfigError) as caught:
        check(renamed("papers", "../out"), tmp_path / "papers")
    assert "secret" not in str(caught.value)
