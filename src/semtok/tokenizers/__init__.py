"""Item vectors to codes."""

METHODS = {
    "random": "semtok.tokenizers.random_codes",
    "rqvae": "semtok.tokenizers.rqvae",
    "cost": "semtok.tokenizers.cost",
    "letter": "semtok.tokenizers.letter",
    "simcit": "semtok.tokenizers.simcit",
    "rq-kmeans": "semtok.tokenizers.rq_kmeans",
    "external": "semtok.tokenizers.external",
}
"""Where each method lives: its module's `tokenize(task)` gives `Tokens` (semtok.tokenizers.base)."""
