"""A dense tokenizer's tasks, printed beside ours, and what it answers rightly."""

from pathlib import Path

from semtok.papers.provenance import write_provenance
from semtok.papers.results import Results
from semtok.papers.tables import TableFiles, make_attributes_table
from semtok.run.jobs import job

with job(snakemake) as record:
    files = TableFiles(*(Path(snakemake.output[name]) for name in ("csv", "markdown", "latex", "html")))
    make_attributes_table(Results.of_job(snakemake), files)
    write_provenance(record, Path(snakemake.output.provenance), Path(snakemake.output.provenance_page))
