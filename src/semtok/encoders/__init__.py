"""Items to vectors, one file a modality."""

METHODS = {
    "tfidf": "semtok.encoders.tfidf",
    "sentence-transformers": "semtok.encoders.sentence_transformers",
    "timm": "semtok.encoders.timm",
}
"""Where each method lives."""

MODALITIES = {
    "tfidf": "text",
    "sentence-transformers": "text",
    "timm": "image",
}
"""What each method encodes, which decides the rule that runs it. A text method's `encode_texts(options, texts)` gives
one vector a text; an image method's `encode_images(options, paths)` one vector a file, NaN where it is no picture."""
