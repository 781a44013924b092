"""Items to vectors, one file a modality."""

METHODS = {
    "recommender-items": "semtok.encoders.recommender_items",
    "tfidf": "semtok.encoders.tfidf",
    "sentence-transformers": "semtok.encoders.sentence_transformers",
    "timm": "semtok.encoders.timm",
    "als": "semtok.encoders.als",
    "graphsage": "semtok.encoders.graphsage",
}
"""Where each method lives."""

MODALITIES = {
    "recommender-items": "recommender",
    "tfidf": "text",
    "sentence-transformers": "text",
    "timm": "image",
    "als": "collaborative",
    "graphsage": "spatial",
}
"""What each method encodes, which decides the rule that runs it. A text method's `encode_texts(options, texts)` gives
one vector a text; an image method's `encode_images(options, paths)` one a file, NaN where it is no picture; a
collaborative one's `encode(options, train, n_items)` one an item; a spatial one's
`encode_nodes(options, graph, latitude, longitude, ...)` one a node of the graph."""

ROW_BY_ROW = ("sentence-transformers", "timm")
"""Methods that see one batch of items at a time, so that a catalogue can be scattered over jobs. The others learn from
all rows: TF-IDF its vocabulary and axes, ALS its factors, GraphSAGE its network, whose vectors also need neighbours."""

GRAPHS = {
    "distance": "semtok.encoders.distance_graph",
    "check-in": "semtok.encoders.check_in_graph",
}
"""Where each graph of a spatial method lives; `build(options, items, interactions)` gives its weights."""
