"""Items to vectors, one file a modality."""

METHODS = {
    "tfidf": "semtok.encoders.tfidf",
    "sentence-transformers": "semtok.encoders.sentence_transformers",
}
"""Where each text method lives: its module's `encode_texts(options, texts)` gives one vector a text."""
