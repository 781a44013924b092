"""The results in one file for others: a Workflow RO-Crate, a zip archive that describes itself in JSON-LD.

It holds the workflow, the config, the tables with their provenance, figures and verdicts, and of every run behind a
table its codes, diagnostics and ranks, from which the tables can be made again. It holds no data set, no vectors and
no weights, whose licences are not ours to pass on or whose size forbids it; the provenance has their checksums.
Specifications: RO-Crate 1.1, and the profile Workflow RO-Crate 1.0.
"""

import hashlib
import json
import mimetypes
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from semtok.errors import SemtokError
from semtok.run.files import atomic_path, read_json, sha256
from semtok.run.records import portable

METADATA = "ro-crate-metadata.json"
CONFIG = "results/config.yaml"
"""The whole config of the run, without paths of this machine; in the crate only."""
WORKFLOW = "Snakefile"
# Of the configs those that every run reads: another one may hold paths, and what it says is in CONFIG.
SOURCES = ("Snakefile", "workflow", "src", "config/papers", "config/checksums.yaml", "profiles/default", "envs")
DEFAULTS = "config/config.yaml"
DOCUMENTS = ("README.md", "LICENSE", "CITATION.cff", "pyproject.toml", "requirements.lock")
SHARED_OF_RUNS = frozenset(
    {
        *("stats.json", "codes.npy", "raw_codes.npy", "diagnostics.json", "history.csv"),
        *("ranks.parquet", "scores.parquet", "decoding.json"),
    }
)
"""Names of those files of the jobs behind a table that are shared."""

_LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the same results give the same archive."""


def make_crate(results: Sequence[str], config: Mapping[str, Any], target: Path) -> None:
    """Write the crate; paths are relative to the current folder, the project.

    Args:
        results: tables and what lies beside them, among it their `.provenance.json`, and other results to be shared.
        config: the merged config.
        target: the zip archive.

    Raises:
        SemtokError: a file is not the one that a table's provenance tells of, or config.yaml holds a path of this
            machine.
    """
    defaults = yaml.safe_load(Path(DEFAULTS).read_text(encoding="utf-8"))
    if portable(defaults) != defaults:
        raise SemtokError(f"{DEFAULTS}: holds a path outside the project; give it with --config or --configfile")
    provenances = [path for path in results if path.endswith(".provenance.json")]
    paths = sorted({DEFAULTS, *_sources(), *results, *_files_of_runs(provenances, set(results))})
    options = yaml.safe_dump(portable({**config, "mirror": None}), sort_keys=True, allow_unicode=True).encode()
    entities = [_file(path, Path(path).stat().st_size, sha256(path)) for path in paths]
    entities.append(_file(CONFIG, len(options), hashlib.sha256(options).hexdigest()))
    with atomic_path(target) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            # By streams: ranks of many users do not fit into memory twice.
            with Path(path).open("rb") as source, archive.open(_member(path), "w") as member:
                while piece := source.read(1 << 20):
                    member.write(piece)
        archive.writestr(_member(CONFIG), options)
        metadata = describe(entities, [read_json(path) for path in provenances])
        archive.writestr(_member(METADATA), json.dumps(metadata, indent=2, ensure_ascii=False) + "\n")


def describe(files: Sequence[Mapping[str, Any]], provenances: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The JSON-LD of a crate with `files`, entities of type File, and the tables that `provenances` tell of."""
    sources = sorted({dataset["source"] for found in provenances for dataset in found["data"]})
    started = max((job["started"] for found in provenances for job in found["jobs"]), default="1980-01-01")
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": "Tables of papers on semantic tokenization, regenerated with semtok",
        "description": "Tables, figures and verdicts with the provenance of every job behind them, the codes and ranks "
        f"that they rest on, and the workflow. Sources of the data: {', '.join(sources) or 'none'}."
        + (
            " Synthetic data are made up and say nothing about the papers' data sets." if "synthetic" in sources else ""
        ),
        "datePublished": started[:10],
        "license": {"@id": "https://spdx.org/licenses/MIT"},
        "mainEntity": {"@id": WORKFLOW},
        "hasPart": [{"@id": file["@id"]} for file in files],
    }
    descriptor = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": [
            {"@id": "https://w3id.org/ro/crate/1.1"},
            {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"},
        ],
    }
    return {
        # RO-Crate 1.1 has no term for a checksum.
        "@context": ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://schema.org/sha256"}],
        "@graph": [descriptor, root, *(_with_subjects(file, provenances) for file in files), *_ABOUT],
    }


_ABOUT = [
    {
        "@id": _LANGUAGE,
        "@type": "ComputerLanguage",
        "name": "Snakemake",
        "identifier": {"@id": "https://snakemake.github.io"},
        "url": {"@id": "https://snakemake.github.io"},
    },
    {"@id": "https://spdx.org/licenses/MIT", "@type": "CreativeWork", "name": "MIT License"},
]


def _with_subjects(file: Mapping[str, Any], provenances: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The entity of a file; that of a provenance names its table, that of the workflow its language."""
    path = str(file["@id"])
    if path == WORKFLOW:
        kind = ["File", "SoftwareSourceCode", "ComputationalWorkflow"]
        return {**file, "@type": kind, "name": "semtok", "programmingLanguage": {"@id": _LANGUAGE}}
    if path.endswith(".provenance.json"):
        table = next((found["table"] for found in provenances if _beside(found["table"]) == path), None)
        return {**file, "about": {"@id": table}} if table else dict(file)
    return dict(file)


def _beside(table: str) -> str:
    return f"{table.removesuffix('.csv')}.provenance.json"


def _file(path: str, size: int, checksum: str) -> dict[str, Any]:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return {"@id": path, "@type": "File", "contentSize": str(size), "sha256": checksum, "encodingFormat": kind}


def _sources() -> Iterable[str]:
    """The workflow's own files; the caches of tools are left out."""
    for part in map(Path, (*SOURCES, *DOCUMENTS)):
        files = part.rglob("*") if part.is_dir() else [part] if part.exists() else []
        for file in files:
            is_ignored = any(name.startswith((".", "__pycache__")) or name.endswith(".egg-info") for name in file.parts)
            if file.is_file() and not is_ignored:
                yield file.as_posix()


def _files_of_runs(provenances: Iterable[str], results: Collection[str]) -> Iterable[str]:
    """Codes, diagnostics, ranks and so on of the jobs behind the tables; they and `results` must be as recorded."""
    for path in provenances:
        for job in read_json(path)["jobs"]:
            for file in job["outputs"]:
                shared = file["path"] in results and ".provenance." not in file["path"]
                if not shared and Path(file["path"]).name not in SHARED_OF_RUNS:
                    continue
                if not Path(file["path"]).is_file() or sha256(file["path"]) != file["sha256"]:
                    raise SemtokError(
                        f"{file['path']}: not the file that {path} tells of; make the table again before it is shared"
                    )
                yield file["path"]


def _member(path: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(path, _EARLIEST)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member
