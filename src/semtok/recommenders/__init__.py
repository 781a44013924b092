"""Codes and sequences to ranked items."""
