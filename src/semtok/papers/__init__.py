"""Ranks and diagnostics to the papers' tables, figures and verdicts."""
