"""t-SNE of quantized vectors at three depths: is there a hierarchy in the codes?"""

from collections.abc import Mapping
from functools import partial

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from safetensors.numpy import load_file
from sklearn.manifold import TSNE

from semtok.errors import DataError
from semtok.papers.figures.canvas import Drawing
from semtok.papers.results import Results
from semtok.plan.cells import Cell
from semtok.plan.figure_specs import EmbeddingFigure
from semtok.run.files import read_array, reading

BOOK = "quantizer.books.{level}"
"""Where a tokenizer's model keeps a level's codewords; a shared book stands under level 0 only."""
COLUMNS = ["paper", "figure", "panel", "dataset", "source", "tokenizer", "seed", "prefix", "code", "items", "x", "y"]
_LETTERS = ("a", "b", "c")
_FEWEST = 5
"""Points below which neighbours mean nothing: they are shown by their first two principal components."""
_PERPLEXITY = 30
_NAMED = 8
"""Codes of a plot that have their number beside their points: those of most items."""
Floats = npt.NDArray[np.float64]


def draw(results: Results) -> Drawing:
    """A plot for each depth; from `codes` and `model` of the first run."""
    figure = results.spec(EmbeddingFigure)
    (cell,) = results.cells
    frame = _tidy(results, figure, cell)
    panels = [
        partial(_panel, str(letter), level, points) for level, (letter, points) in enumerate(frame.groupby("panel"), 1)
    ]
    return Drawing(frame, panels, [figure.dataset], _notes(figure, cell))


def _tidy(results: Results, figure: EmbeddingFigure, cell: Cell) -> pd.DataFrame:
    if cell.runs:
        run = cell.runs[0]
        with reading(results.files["model"][run]):
            weights = load_file(results.files["model"][run])
        points = embed(read_array(results.files["codes"][run]), weights, figure)
        source = results.origins[figure.dataset].source
        points = points.assign(source=source, tokenizer=run.tokenizer, seed=run.seed)
    else:
        points = pd.DataFrame({"source": f"not run: {cell.missing}", "tokenizer": cell.tokenizer, "panel": _LETTERS})
    frame = points.assign(**results.keys(figure.dataset)).reindex(columns=COLUMNS)
    return frame.astype({"seed": "Int64", "code": "Int64", "items": "Int64"})


def embed(
    codes: npt.NDArray[np.int32], model: Mapping[str, npt.NDArray[np.float32]], figure: EmbeddingFigure
) -> pd.DataFrame:
    """Positions of the distinct tuples: all, those of the level-1 code with most items, those of its level-2 code.

    A point is a tuple's quantized vector, the sum of its codewords, so that items of one tuple are one point.

    Args:
        codes: [n_items, n_levels], at least two levels.
        model: the tokenizer's arrays.
        figure: how many points, and the seed.

    Returns:
        Columns `panel`, `prefix` (the codes that the points share), `code` (of the next level, the colour), `items`
        (of the tuple), `x`, `y`.

    Raises:
        DataError: the model has no codebooks, or they do not hold the codes.
    """
    tuples, counts = np.unique(codes, axis=0, return_counts=True)
    vectors = quantized(tuples, model)
    generator = np.random.default_rng(figure.seed)
    frames = []
    chosen = np.arange(len(tuples))
    prefix: list[int] = []
    for level, letter in enumerate(_LETTERS[: codes.shape[1]]):
        if level:
            items = np.bincount(tuples[chosen, level - 1], weights=counts[chosen])
            prefix.append(int(items.argmax()))
            chosen = chosen[tuples[chosen, level - 1] == prefix[-1]]
        shown = chosen
        if len(shown) > figure.points:
            shown = np.sort(generator.choice(shown, figure.points, replace=False))
        position = _project(vectors[shown], figure.seed)
        frames.append(
            pd.DataFrame(
                {
                    "panel": letter,
                    "prefix": "-".join(map(str, prefix)),
                    "code": tuples[shown, level],
                    "items": counts[shown],
                    "x": position[:, 0],
                    "y": position[:, 1],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def quantized(codes: npt.NDArray[np.int32], model: Mapping[str, npt.NDArray[np.float32]]) -> Floats:
    """The sum of each row's codewords, [rows, dim]."""
    books = [model[key] for level in range(codes.shape[1]) if (key := BOOK.format(level=level)) in model]
    if len(books) not in (1, codes.shape[1]):
        found = ", ".join(sorted(model)) or "no arrays"
        expected = BOOK.format(level=0)
        raise DataError(f"found {found} in the tokenizer's model; expected its codebooks as {expected} and on")
    total = np.zeros((len(codes), books[0].shape[1]))
    for level, column in enumerate(codes.T):
        book = books[level % len(books)]
        if column.max() >= len(book):
            raise DataError(f"found code {column.max()} at level {level + 1}; expected below {len(book)}, the codebook")
        total += book[column]
    return total


def _project(vectors: Floats, seed: int) -> Floats:
    """[points, 2]."""
    count = len(vectors)
    if count < _FEWEST:
        centred = vectors - vectors.mean(axis=0)
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        position = centred @ axes[:2].T
        return np.pad(position, ((0, 0), (0, 2 - position.shape[1])))
    perplexity = min(_PERPLEXITY, (count - 1) / 3)
    result: Floats = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors).astype(float)
    return result


def _panel(letter: str, level: int, points: pd.DataFrame, axis: Axes) -> None:
    if points["x"].isna().all():
        axis.text(0.5, 0.5, "not run", transform=axis.transAxes, ha="center", fontsize=9)
    else:
        # Colours in the order of the codes, so that the same code has the same colour whatever is drawn.
        colours = mpl.colormaps["viridis"]((points["code"].to_numpy(float) * 0.618034) % 1)
        sizes = np.clip(6 * np.sqrt(points["items"].to_numpy(float)), 4, 60)
        axis.scatter(points["x"], points["y"], s=sizes, c=colours, linewidths=0, alpha=0.85)
        for code in points.groupby("code")["items"].sum().nlargest(_NAMED).index:
            middle = points.loc[points["code"] == code, ["x", "y"]].median()
            outline = [withStroke(linewidth=2, foreground="white")]
            # Beside the point: a code of one tuple would be covered by its number.
            axis.annotate(
                str(code),
                (middle["x"], middle["y"]),
                (5, 5),
                textcoords="offset points",
                fontsize=7,
                path_effects=outline,
            )
    prefix = points["prefix"].iloc[0]
    what = f"tuples that begin with {prefix}" if isinstance(prefix, str) and prefix else "all tuples"
    axis.set_title(f"({letter}) {what}, coloured by code {level}", fontsize=9)
    axis.set_xticks([])
    axis.set_yticks([])


def _notes(figure: EmbeddingFigure, cell: Cell) -> list[str]:
    notes = [f"Not run: {cell.missing}."] if not cell.runs else []
    if cell.runs:
        notes.append(
            f"Points: quantized vectors (sums of codewords) of distinct tuples, at most {figure.points:,}, of seed"
            f" {cell.runs[0].seed}; larger points have more items. Numbers are the codes of most items."
            " (b) and (c) show the code with most items of the panel before. Each panel is a t-SNE of its own."
        )
    return [*notes, figure.note] if figure.note else notes
