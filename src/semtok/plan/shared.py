"""The workflow's own files that go into a crate with the results (`semtok.papers.crate`)."""

from collections.abc import Iterator
from pathlib import Path

from semtok.run.files import sha256

WORKFLOW = "Snakefile"
DEFAULTS = "config/config.yaml"
# Of the configs those that every run reads: another one may hold paths, and what it says is in the crate's config.yaml.
_PARTS = (
    *(WORKFLOW, DEFAULTS, "workflow", "src", "config/papers", "config/durations", "profiles/default", "envs"),
    *("README.md", "LICENSE", "CITATION.cff", "pyproject.toml", "requirements.lock"),
)


def project_files() -> dict[str, str]:
    """Path and checksum of each, from the current folder, the project; the caches of tools are left out."""
    return {path.as_posix(): sha256(path) for path in sorted(_files())}


def _files() -> Iterator[Path]:
    for part in map(Path, _PARTS):
        for file in part.rglob("*") if part.is_dir() else [part]:
            is_ignored = any(name.startswith((".", "__pycache__")) or name.endswith(".egg-info") for name in file.parts)
            if file.is_file() and not is_ignored:
                yield file
