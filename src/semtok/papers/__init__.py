"""Metrics and diagnostics to the papers' tables, figures and verdicts."""

TABLES = {
    "statistics": "semtok.papers.statistics_table",
    "attributes": "semtok.papers.attributes_table",
    "scoring": "semtok.papers.scoring_table",
}
"""Where each kind of table is made: a module with `make`, from results to a `Table`. One of rankings has a rule of its
own (`semtok.papers.ranking_table`), since other files stand beside it."""

FIGURES = {
    "bars": "semtok.papers.figures.bars",
    "training": "semtok.papers.figures.training",
    "embedding": "semtok.papers.figures.embedding",
}
"""Where each kind of figure is made: a module with `draw`, from results to a `Drawing`."""
