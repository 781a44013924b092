"""Codes and sequences to ranked items."""

METHODS = {
    "sasrec": "semtok.recommenders.sasrec",
    "tiger": "semtok.recommenders.tiger",
}
"""Method -> module with `train` and `decode`. An edit of what only decoding calls retrains nothing (run/digest.py)."""
