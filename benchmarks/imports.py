"""What a job of each rule waits for before it starts: the imports of its script, against pandas alone.

Processor seconds of whole processes, the least of several; methods that a script imports by name are not in them.
"""

import argparse
import ast
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def imports(script: Path) -> str:
    """The import statements of a script, those of its job's body included."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not isinstance(node, ast.If)]  # `if TYPE_CHECKING:`
    return "\n".join(ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def seconds(code: str, repeats: int) -> float:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    found = []
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    peer = seconds("import pandas", repeats)
    for script in sorted((ROOT / "workflow/scripts").glob("*.py")):
        ours = seconds(imports(script), repeats)
        figures = {
            "benchmark": f"imports of {script.name}",
            "processor_seconds": round(ours, 2),
            "pandas_processor_seconds": round(peer, 2),
            "ratio": round(ours / peer, 2),
            "repeats": repeats,
        }
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
