"""The results in one file for others: a Workflow RO-Crate, a zip archive that describes itself in JSON-LD.

It holds the workflow, the config, the tables with their provenance, figures and verdicts, and of every run behind a
table its codes, diagnostics and ranks, from which the tables can be made again. It holds no data set, no vectors and
no weights, whose licences are not ours to pass on or whose size forbids it; the provenance has their checksums.
Specifications: RO-Crate 1.1, and the profile Workflow RO-Crate 1.0.
"""

import hashlib
import mimetypes
from collections.abc import Collection, Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from semtok.errors import SemtokError
from semtok.plan.shared import DEFAULTS, WORKFLOW
from semtok.run.files import atomic_path, read_json, sha256
from semtok.run.records import portable
from semtok.verify import PROVENANCE

CONFIG = "config.yaml"
"""The whole config of the run, without paths of this machine, beside the crate; in the crate only."""
CHECKSUMS = "config/checksums.yaml"
"""Of the official files; downloads write it, so that it is there when this job runs or never."""
SHARED_OF_RUNS = frozenset(
    {
        *("stats.json", "codes.npy", "raw_codes.npy", "diagnostics.json", "history.csv"),
        *("ranks.parquet", "metrics.parquet", "decoding.json", "untrained.parquet"),
    }
)
"""Names of those files of the jobs behind a table that are shared."""
LICENCE = "https://spdx.org/licenses/MIT"


def make_crate(results: Sequence[str], sources: Collection[str], config: Mapping[str, Any], target: Path) -> None:
    """Write the crate; paths are relative to the current folder, the project. The same results give the same bytes.

    Args:
        results: tables and what lies beside them, among it their `.provenance.json`, and other results to be shared.
        sources: the workflow's own files (`plan.shared.sources`).
        config: the merged config.
        target: the zip archive.

    Raises:
        SemtokError: a file is not the one that a table's provenance tells of, or config.yaml holds a path of this
            machine.
    """
    defaults = yaml.safe_load(Path(DEFAULTS).read_text(encoding="utf-8"))
    if portable(defaults) != defaults:
        raise SemtokError(f"{DEFAULTS}: holds a path outside the project; give it with --config or --configfile")
    provenances = {path: read_json(path) for path in results if path.endswith(PROVENANCE)}
    crate = _described(list(provenances.values()))
    workflow = {"name": "semtok", **_facts(WORKFLOW, Path(WORKFLOW).read_bytes())}
    crate.add_workflow(WORKFLOW, WORKFLOW, main=True, lang="snakemake", properties=workflow)
    shared = {*sources, *results, *_files_of_runs(provenances, set(results))} - {WORKFLOW}
    for path in sorted(shared | ({CHECKSUMS} if Path(CHECKSUMS).exists() else set())):
        about = {"about": {"@id": provenances[path]["table"]}} if path in provenances else {}
        crate.add_file(path, path, properties={**_facts(path), **about})
    options = yaml.safe_dump(portable({**config, "mirror": None}), sort_keys=True, allow_unicode=True).encode()
    crate.add_file(BytesIO(options), target.with_name(CONFIG), properties=_facts(CONFIG, options))
    with atomic_path(target) as temporary:
        crate.write_zip(temporary)


def _described(provenances: Sequence[Mapping[str, Any]]) -> ROCrate:
    """A crate without files that tells of the tables with these provenances."""
    sources = sorted({dataset["source"] for found in provenances for dataset in found["data"]})
    crate = ROCrate(version="1.1")
    crate.name = "Tables of papers on semantic tokenization, regenerated with semtok"
    crate.description = (
        "Tables, figures and verdicts with the provenance of every job behind them, the codes and ranks that they rest "
        f"on, and the workflow. Sources of the data: {', '.join(sources) or 'none'}."
    )
    if "synthetic" in sources:
        crate.description += " Synthetic data are made up and say nothing about the papers' data sets."
    # Not today, which would change the bytes.
    crate.datePublished = max(
        (job["started"][:10] for found in provenances for job in found["jobs"]), default="1980-01-01"
    )
    crate.license = crate.add(ContextEntity(crate, LICENCE, {"@type": "CreativeWork", "name": "MIT License"}))
    # RO-Crate 1.1 has no term for a checksum.
    crate.metadata.extra_terms["sha256"] = "https://schema.org/sha256"
    return crate


def _facts(path: str, content: bytes | None = None) -> dict[str, str]:
    """Size, checksum and kind of a file, or of `content` under its name."""
    return {
        "contentSize": str(Path(path).stat().st_size if content is None else len(content)),
        "sha256": sha256(path) if content is None else hashlib.sha256(content).hexdigest(),
        "encodingFormat": mimetypes.guess_type(path)[0] or "application/octet-stream",
    }


def _files_of_runs(provenances: Mapping[str, Mapping[str, Any]], results: Collection[str]) -> Iterable[str]:
    """Codes, diagnostics, ranks and so on of the jobs behind the tables; they and `results` must be as recorded."""
    for by, provenance in provenances.items():
        for file in (file for job in provenance["jobs"] for file in job["outputs"]):
            path = file["path"]
            if Path(path).name in SHARED_OF_RUNS or (path in results and ".provenance." not in path):
                if not Path(path).is_file() or sha256(path) != file["sha256"]:
                    raise SemtokError(
                        f"{path}: not the file that {by} tells of; make the table again before it is shared"
                    )
                yield path
