"""Items to vectors, one file a modality."""

METHODS = {
    "tfidf": "semtok.encoders.tfidf",
    "sentence-transformers": "semtok.encoders.sentence_transformers",
}
"""Where each method lives."""

MODALITIES = {
    "tfidf": "text",
    "sentence-transformers": "text",
}
"""What each method encodes, which decides the rule that runs it. A text method's `encode_texts(options, texts)` gives
one vector a text."""
