"""Ranks, histories or codes to a figure: its numbers and its pictures."""

from typing import TYPE_CHECKING

from semtok.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

with job(snakemake):
    from pathlib import Path

    from semtok.papers.figures import make_figure
    from semtok.papers.inputs import by_run
    from semtok.papers.plan import Cell, runs
    from semtok.papers.samples import Uncertainty

    cells = [Cell.from_dict(cell) for cell in snakemake.params.cells]
    # The kind of the figure decides which of these the rule has asked for.
    paths = {name: snakemake.input.get(name) for name in ("ranks", "history", "codes", "model")}
    make_figure(
        Path(snakemake.params.definition),
        Path(snakemake.params.printed),
        snakemake.wildcards.paper,
        snakemake.wildcards.place,
        cells,
        inputs={name: by_run(runs(cells), found) for name, found in paths.items() if found},
        stats=dict(zip(snakemake.params.datasets, map(Path, snakemake.input.get("stats", [])), strict=True)),
        uncertainty=Uncertainty(**snakemake.params.uncertainty),
        csv=Path(snakemake.output.csv),
        pictures=[Path(snakemake.output.svg), Path(snakemake.output.pdf)],
    )
