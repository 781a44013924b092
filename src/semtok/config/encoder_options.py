"""What encoders have in common."""

from typing import ClassVar, Literal

from semtok.config.base import Method

EncoderModality = Literal["text", "image", "collaborative", "spatial", "recommender", "language", "dense"]


class EncoderOptions(Method):
    """What is true of an encoder, whatever its options."""

    module: ClassVar[str]
    """Where the method lives. Its function depends on the modality: `encode_texts(options, texts)` gives one vector a
    text, `encode_images(options, paths)` one a file (NaN where it is no picture), `encode(options, train, n_items)` one
    an item, `encode_nodes(options, graph, latitude, longitude, ...)` one a node of the graph."""
    modality: ClassVar[EncoderModality]
    """What it encodes, which chooses the rule that runs it."""
    scatters: ClassVar[bool] = False
    """Whether it sees one batch of items at a time, so that a large catalogue can be scattered over jobs. The others
    learn from all rows: TF-IDF its vocabulary and axes, ALS its factors, GraphSAGE its network."""
    seeded: ClassVar[bool] = False
    """Whether it is trained from a random start, so that the tokenizers of every seed have vectors of their own: the
    seed of a run is added to the option `seed`. Otherwise there is one file for all."""
