"""Metrics and diagnostics to the papers' tables, figures and verdicts."""

FIGURES = {
    "bars": "semtok.papers.figures.bars",
    "training": "semtok.papers.figures.training",
    "embedding": "semtok.papers.figures.embedding",
}
"""Where each kind of figure is made: a module with `draw`, from results to a `Drawing`."""
