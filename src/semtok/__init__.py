"""Semantic tokenization for generative recommendation: tables, figures and claims, regenerated."""
