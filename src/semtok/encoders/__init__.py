"""Items to vectors, one file a modality."""

METHODS = {
    "recommender-items": "semtok.encoders.recommender_items",
    "tfidf": "semtok.encoders.tfidf",
    "sentence-transformers": "semtok.encoders.sentence_transformers",
}
"""Where each method lives."""

MODALITIES = {
    "recommender-items": "recommender",
    "tfidf": "text",
    "sentence-transformers": "text",
}
"""What each method encodes, which decides the rule that runs it. A text method's `encode_texts(options, texts)` gives
one vector a text."""
