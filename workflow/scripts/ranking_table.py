"""Metrics to a table, printed beside ours, with its diagnostics; and ranks to its strata."""

from pathlib import Path

from semtok.papers import diagnostics_table, ranking_table
from semtok.papers.figures.strata import make_strata
from semtok.papers.provenance import write_provenance
from semtok.papers.results import Results
from semtok.papers.table_files import write_table
from semtok.run.files import write_csv
from semtok.run.jobs import job

with job(snakemake) as record:
    files = [Path(snakemake.output[name]) for name in ("csv", "markdown", "latex", "html")]
    results = Results.of_job(snakemake)
    write_table(ranking_table.make(results), files)
    write_csv(Path(snakemake.output.diagnostics), diagnostics_table.tidy(results))
    strata = [Path(snakemake.output[f"strata_{name}"]) for name in ("svg", "pdf", "markdown", "html")]
    make_strata(results, Path(snakemake.output.strata), strata)
    write_provenance(record, Path(snakemake.output.provenance), Path(snakemake.output.provenance_page))
