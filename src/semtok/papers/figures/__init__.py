"""Figures: a module for each kind, what they share (`canvas`), and their files (`make`)."""
