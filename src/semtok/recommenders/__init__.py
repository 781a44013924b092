"""Codes and sequences to ranked items."""

TRAINING = {
    "sasrec": "semtok.recommenders.sasrec",
    "tiger": "semtok.recommenders.tiger",
}
"""Method -> module with `train`."""

DECODING = {
    "sasrec": "semtok.recommenders.sasrec_decoding",
    "tiger": "semtok.recommenders.tiger_decoding",
}
"""Method -> module with `decode`. Apart from training, so that a change of what only decoding uses retrains nothing."""
