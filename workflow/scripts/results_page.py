"""Tables, figures and claims of a paper to one page."""

from pathlib import Path

from semtok.papers.results_page import write_results_page
from semtok.run.jobs import job

with job(snakemake) as record:
    conclusions, experiments = (
        next(map(Path, found), None) for found in (snakemake.input.conclusions, snakemake.input.experiments)
    )
    write_results_page(
        record,
        snakemake.params.title,
        [Path(path) for path in snakemake.input.tables],
        [Path(path) for path in snakemake.input.figures],
        [Path(path) for path in snakemake.input.captions],
        Path(snakemake.input.claims),
        conclusions,
        experiments,
        Path(snakemake.output[0]),
    )
