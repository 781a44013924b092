"""Results to a table: its numbers, and the paper's layout with ours beside what is printed."""

from importlib import import_module
from pathlib import Path

from semtok.papers import TABLES
from semtok.papers.provenance import write_provenance
from semtok.papers.results import Results
from semtok.papers.table_files import write_table
from semtok.run.jobs import job

with job(snakemake) as record:
    files = [Path(snakemake.output[name]) for name in ("csv", "markdown", "latex", "html")]
    results = Results.of_job(snakemake)
    write_table(import_module(TABLES[results.content.kind(results.name)]).make(results), files)
    write_provenance(record, Path(snakemake.output.provenance), Path(snakemake.output.provenance_page))
