"""A job waits for what it imports before it does anything: most must not wait for torch."""

import ast
import subprocess
import sys
from pathlib import Path

from semtok.papers import FIGURES, TABLES
from support.project import ROOT

SCRIPTS = ROOT / "workflow/scripts"
WITH_TORCH = {
    *("decode", "encode_dense", "encode_image", "encode_language", "encode_recommender_items", "encode_spatial"),
    *("encode_text", "score_zero_shot", "tokenize", "train", "train_language_model"),
    *("train_with_language_model", "decode_with_language_model", "train_scorer", "score_candidates"),
}
"""encode_text and tokenize import it through their method only, some of which (TF-IDF, random codes) do without."""


def imports(script: Path) -> str:
    """The import statements of a script."""
    nodes = ast.walk(ast.parse(script.read_text()))
    return "\n".join(ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


def test_jobs_without_networks_do_not_import_torch():
    steps = {path.stem: imports(path) for path in SCRIPTS.glob("*.py") if path.stem not in WITH_TORCH}
    assert {"ranking_table", "table", "stack", "evaluate", "claims", "figure", "ro_crate"} <= set(steps)
    # What the scripts of figures and tables import by name.
    steps |= {module: f"import {module}" for module in [*FIGURES.values(), *TABLES.values()]}
    lines = ["import sys"]
    for name, step in steps.items():
        lines += [step, f"if 'torch' in sys.modules: sys.exit('{name} imports torch')"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_script_leaves_a_record():
    for path in SCRIPTS.glob("*.py"):
        assert "with job(snakemake)" in path.read_text(), path.name
