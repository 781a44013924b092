"""The notebooks run as they stand, and are kept without what a run leaves in them."""

import json

import pytest

from support.project import PATIENCE, ROOT

NOTEBOOKS = ROOT / "notebooks"


def outputs(name, folder):
    """What the cells of a notebook show when it is run in a folder, by MIME type, and what they print; by cell."""
    nbclient = pytest.importorskip("nbclient", reason="in the environment of `make test`: requirements-site.lock")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=PATIENCE, resources={"metadata": {"path": str(folder)}}).execute()
    shown = {}
    for cell in notebook.cells:
        found = shown[cell.id] = {}
        for output in cell.get("outputs", []):
            found |= output.get("data", {})
            found["printed"] = found.get("printed", "") + output.get("text", "")
    return shown


def test_items_are_tokenized_and_looked_at(tmp_path):
    shown = outputs("tokenize", tmp_path)
    assert shown["vectors"]["text/plain"].startswith("((240, 384)")
    assert "blue running shoes" in shown["near"]["text/html"]
    assert all(name in shown["compare"]["text/html"] for name in ("random", "rq-kmeans", "rqvae", "cost"))
    assert "image/png" in shown["chart"]
    assert "B0000\t0" in shown["export"]["printed"]
    codes = json.loads((tmp_path / "codes/products.index.json").read_text())
    assert len(codes) == 240
    # Codes of meanings are not all alike, and neither all different in their first place.
    assert 4 < len({row[0] for row in codes.values()}) <= 16
    assert len(set(map(tuple, codes.values()))) > 100


def test_a_tokenizer_is_added_and_gets_its_row():
    shown = outputs("add-a-tokenizer", NOTEBOOKS)
    plan, table = shown["run"]["printed"], shown["run"]["text/html"]
    assert "tokenize mind: cost, product, rqvae (seed 0)" in plan
    # Of this table and no other paper's: a run of a minute.
    assert {line.split(":")[0] for line in plan.splitlines() if line.startswith("tokenize")} == {"tokenize mind"}
    # Three rows, which is the run of config/test.yaml and one more.
    assert all(name in table for name in ("RQ-VAE", "CoST", "Product quantization"))
    assert "NaN" not in table
    assert "product" in shown["look"]["text/html"]
    again = shown["edit"]["printed"]
    assert "tokenize mind: product" in again
    assert "cost" not in again


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    notebook = json.loads(path.read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]] == []
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert path.read_text() == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
