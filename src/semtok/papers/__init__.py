"""Ranks and diagnostics to the papers' tables, figures and verdicts."""

FIGURES = {
    "bars": "semtok.papers.bar_figure",
    "training": "semtok.papers.training_figure",
    "embedding": "semtok.papers.embedding_figure",
}
"""Where each kind of figure is made: a module with `draw`, from material to numbers and canvas."""
