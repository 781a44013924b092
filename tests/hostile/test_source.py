"""No code of the project unpickles what it is given, runs a shell on it, or trusts code that comes with a model."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from support.project import ROOT

SOURCES = sorted(
    path
    for folder in ("src", "workflow", "benchmarks", "docs")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow").rglob("*.smk"))]
UNPICKLERS = ("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle")
SHELLS = ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput")
EVALUATIONS = ("eval", "exec", "compile", "__import__")
SAFE_YAML = ("SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader")


def dotted(node):
    """`a.b.c` of an expression, as far as it has that form."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def full_names(tree):
    """What each imported name stands for."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {
                alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else "" for alias in node.names
            }
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return {name: full for name, full in names.items() if full}


def dangers(code):
    """What is dangerous in a module's code: line and reason."""
    tree = ast.parse(code)
    imported = full_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            for module in modules:
                if module.split(".")[0] in UNPICKLERS:
                    yield node.lineno, f"imports {module}"
        if isinstance(node, ast.Call):
            written = dotted(node.func)
            first, _, rest = written.partition(".")
            name = ".".join(filter(None, (imported.get(first, first), rest)))
            options = {keyword.arg: keyword.value for keyword in node.keywords}
            yield from ((node.lineno, reason) for reason in of_call(name, options, node))


def of_call(name, options, node):
    def is_(key, value):
        return isinstance(options.get(key), ast.Constant) and options[key].value is value

    if name == "torch.load" and not is_("weights_only", True):
        yield "torch.load without weights_only=True"
    if name in ("numpy.load", "np.load", "numpy.lib.format.read_array") and not is_("allow_pickle", False):
        yield "np.load without allow_pickle=False"
    if name.endswith("read_pickle"):
        yield "reads a pickle"
    if name in ("yaml.load", "yaml.load_all"):
        loader = options.get("Loader") or (node.args[1] if len(node.args) > 1 else None)
        if loader is None or dotted(loader).rsplit(".", 1)[-1] not in SAFE_YAML:
            yield "yaml.load without a safe loader"
    if name in ("yaml.unsafe_load", "yaml.full_load", "yaml.unsafe_load_all", "yaml.full_load_all"):
        yield f"{name} makes objects"
    if "trust_remote_code" in options and not is_("trust_remote_code", False):
        yield "trusts code that comes with a model"
    if "shell" in options and not is_("shell", False):
        yield "runs a shell"
    if name in SHELLS or name in EVALUATIONS:
        yield f"calls {name}"
    if name.endswith("SentenceTransformer") and "trust_remote_code" not in options:
        yield "SentenceTransformer without trust_remote_code=False"
    if name.endswith((".extractall", ".extract", "unpack_archive")):
        yield "unpacks an archive to disk"


def code_of(path):
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_does_nothing_dangerous(path):
    assert [f"line {line}: {reason}" for line, reason in dangers(code_of(path))] == []


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch.load(p)",
        "import torch as t\nt.load(p, weights_only=False)",
        "from torch import load as l\nl(p, weights_only=flag)",
        "import pickle",
        "from joblib import load",
        "import numpy as np\nnp.load(p)",
        "import numpy\nnumpy.load(p, allow_pickle=True)",
        "import pandas as pd\npd.read_pickle(p)",
        "import yaml\nyaml.load(s)",
        "import yaml\nyaml.load(s, Loader=yaml.Loader)",
        "import yaml\nyaml.unsafe_load(s)",
        "import subprocess as s\ns.run(c, shell=True)",
        "from os import system\nsystem(c)",
        "import os\nos.popen(c)",
        "eval(x)",
        "f(x, trust_remote_code=options.trust)",
        "from sentence_transformers import SentenceTransformer\nSentenceTransformer(x)",
        "archive.extractall(p)",
    ],
)
def test_danger_is_seen(code):
    assert len(list(dangers(code))) == 1


def test_what_is_safe_is_let_be():
    code = (
        "import torch, numpy as np, yaml, subprocess\n"
        "torch.load(p, weights_only=True)\nnp.load(p, allow_pickle=False)\nnetwork.to(device).eval()\n"
        "yaml.safe_load(s)\nyaml.load(s, Loader=yaml.SafeLoader)\nsubprocess.run([c])\nf(trust_remote_code=False)"
    )
    assert list(dangers(code)) == []


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_no_rule_runs_a_shell(path):
    """A rule is a script, whose path Snakemake quotes; config text reaches it as `params`, never as a command."""
    assert re.findall(r"^\s*shell\s*:|\bshell\(", code_of(path), flags=re.MULTILINE) == []
    assert re.findall(r"\b(?:os\.system|subprocess|pickle|eval|exec)\b", code_of(path)) == []


def test_make_puts_nothing_of_the_config_into_a_command():
    """What recipes fill in is theirs: paths of the environment and names of the repository's files."""
    filled = set(re.findall(r"\$[({](\w+)|\$\$\{?(\w+)", code_of(ROOT / "Makefile")))
    assert not {name for pair in filled for name in pair if re.search("config|dataset|mirror", name, re.IGNORECASE)}


@pytest.mark.parametrize("path", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda path: path.name)
def test_our_own_configs_hold_no_tags_and_no_expressions(path: Path):
    """Snakemake takes values that begin with `?` for Python where a config asks for it (docs/security.md)."""
    content = yaml.compose(code_of(path), Loader=yaml.SafeLoader)
    assert content is None or not re.search(r"__use_yte__|__definitions__|!!python", code_of(path))
