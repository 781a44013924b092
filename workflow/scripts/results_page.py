"""Tables, figures and claims of a paper to one page."""

from pathlib import Path

from semtok.papers.results_page import write_results_page
from semtok.run.jobs import job

with job(snakemake) as record:
    written = [Path(path) for path in snakemake.input.conclusions]
    write_results_page(
        record,
        snakemake.params.title,
        [Path(path) for path in snakemake.input.tables],
        [Path(path) for path in snakemake.input.figures],
        [Path(path) for path in snakemake.input.captions],
        Path(snakemake.input.claims),
        written[0] if written else None,
        Path(snakemake.output[0]),
    )
