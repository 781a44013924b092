import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from semtok.errors import DataError
from semtok.papers.figures import embedding
from semtok.papers.figures.embedding import embed, quantized
from semtok.plan.figure_specs import EmbeddingFigure
from support.fabricated_simcit import write_tokens

FIGURE = EmbeddingFigure(kind="embedding", caption="", dataset="A", tokenizer="simcit", points=50, seed=0)


def test_quantized_vectors_by_hand():
    books = [np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 0.5], [0.0, 0.25]])]
    codes = np.array([[0, 0], [1, 1]], dtype=np.int32)
    own = {f"quantizer.books.{level}": book.astype(np.float32) for level, book in enumerate(books)}
    assert quantized(codes, own).tolist() == [[0.0, 0.5], [1.0, 0.25]]
    shared = {"quantizer.books.0": books[0].astype(np.float32)}
    assert quantized(codes, shared).tolist() == [[0.0, 0.0], [2.0, 0.0]]


@pytest.mark.parametrize(
    ("codes", "model", "message"),
    [
        ([[0, 0]], {}, r"found no arrays in the tokenizer's model; expected its codebooks as quantizer.books.0"),
        ([[0, 0]], {"weight": np.zeros((2, 2))}, "found weight in the tokenizer's model"),
        ([[0, 5]], {"quantizer.books.0": np.zeros((2, 2))}, "found code 5 at level 2; expected below 2"),
    ],
)
def test_models_without_these_codebooks(codes, model, message):
    with pytest.raises(DataError, match=message):
        quantized(np.array(codes, dtype=np.int32), model)


def test_few_tuples_are_shown_too():
    """One level-1 code with a single tuple below it: no neighbours to embed."""
    codes = np.array([[0, 0], [0, 0], [1, 1], [2, 0]], dtype=np.int32)
    model = {f"quantizer.books.{level}": np.eye(3, dtype=np.float32) for level in range(2)}
    frame = embed(codes, model, FIGURE)
    assert frame["panel"].tolist() == ["a", "a", "a", "b"]
    assert frame["items"].tolist() == [2, 1, 1, 2]
    assert frame[["x", "y"]].notna().all().all()


def test_a_number_does_not_cover_its_point():
    figure = Figure()
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    points = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0], "code": [3, 44], "items": [1, 1], "prefix": ["", ""]})
    embedding._panel("a", 1, points, axis)
    figure.draw_without_rendering()
    shown = {number.get_text(): number.get_window_extent() for number in axis.texts}
    for code, place in (("3", (0.0, 0.0)), ("44", (1.0, 1.0))):
        assert not shown[code].contains(*axis.transData.transform(place))


def test_many_tuples_are_sampled(tmp_path):
    codes, _ = write_tokens(tmp_path)
    books = {f"quantizer.books.{level}": np.random.default_rng(level).normal(size=(48, 4)) for level in range(3)}
    frame = embed(np.load(codes), books, FIGURE)
    assert (frame["panel"] == "a").sum() == 50
