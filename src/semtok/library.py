"""The package in a notebook: codes for one's own items, a trained recommender of a folder of results, codes for others.

from semtok import Recommender, beam_search, describe, evaluate, export_codes, tokenize

tokens = tokenize(vectors, "cost", temperature=0.5)      # float32 [n_items, dim] to int32 [n_items, n_levels]
describe(tokens, vectors=vectors)                         # collisions, use of the codebooks, neighbourhoods
recommender = Recommender.load("results/demo", "mind", "cost", "tiger")
recommender.rank([["N1", "N7"]], k=10)                    # the datasets' own ids, in and out
beam_search(tokens.codes, next_code)                      # with a model of one's own (semtok.recommenders.own_model)
evaluate([["N3", "N9"]], ["N9"], ks=(1, 2))               # Recall@k and NDCG@k
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from pydantic import TypeAdapter, ValidationError

from semtok.config import tokenizers as methods
from semtok.config.recommenders import without
from semtok.config.variants import replaced, resolve
from semtok.errors import ConfigError, DataError
from semtok.plan.paths import Paths
from semtok.run.files import atomic_path, read_array, read_json, read_table, reading
from semtok.tokenizers.base import Tokens
from semtok.tokenizers.diagnostics import diagnose as diagnosed
from semtok.tokenizers.diagnostics import of_repair

DEFAULTS = Path(__file__).parents[2] / "config" / "config.yaml"
"""Whose entries are the methods by name."""

Vectors = npt.NDArray[np.floating[Any]]
OF_SIZE = ("codebook_size", "utilisation", "perplexity_share", "gini")
"""What a level's diagnostics say of its whole codebook, codewords that no item has among them."""


@dataclass(frozen=True, repr=False)
class ItemCodes(Tokens):
    """Codes, and what a reader of them has to know; not in `Tokens`, which is in the digest of every job."""

    codebook_sizes: tuple[int, ...] | None = None
    """K of each level; None where codes from outside do not say."""

    def __repr__(self) -> str:
        n_items, n_levels = self.codes.shape
        return f"<codes of {n_items} items, {n_levels} levels of {self.codebook_sizes or 'unknown size'}>"


def tokenize(
    vectors: Vectors | Mapping[str, Vectors], method: str = "cost", seed: int = 0, **options: Any
) -> ItemCodes:
    """Give items codes.

    Args:
        vectors: [n_items, dim], a row of NaN for an item without one; of a method of several views an array each, by
            the names that its options have: `{"text": ..., "spatial": ...}` (SimCIT), `{"encoder": ...,
            "collaborative": ...}` (LETTER).
        method: an entry of `tokenizers` in config/config.yaml, or a variant of it (`cost+temperature=0.5`).
        seed: of everything that is drawn.
        options: in the place of the entry's own (docs/options.md); a nested one as `views={"image": None}`.

    Returns:
        `codes` int32 [n_items, n_levels], the sizes of the codebooks, the model's arrays, the history of its
        training.

    Raises:
        ConfigError: no such method or option, or other vectors than it reads.
        DataError: no arrays of that shape.
    """
    from semtok.tokenizers import train

    entries = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))["tokenizers"]
    given = dict(vectors) if isinstance(vectors, Mapping) else {"encoder": vectors}
    for name, array in given.items():
        if not isinstance(array, np.ndarray) or array.ndim != 2:
            found = f"an array {list(array.shape)}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"
            raise DataError(f"vectors ({name}): found {found}; expected a numpy array [n_items, dim]")
    entry = replaced(resolve(entries, method, "tokenizers"), options, f"tokenizers.{method}")
    if "views" in entry:
        entry["views"] = {name: name if name in given else None for name in entry["views"]}
    roles = methods.encoders_of(entry)
    if roles and set(roles) != set(given):
        raise ConfigError(f"{method} reads {', '.join(roles)}; found vectors for {', '.join(given)}")
    lengths = {name: len(array) for name, array in given.items()}
    if len(set(lengths.values())) != 1:
        raise ConfigError(f"expected a row for each item in all vectors; found {lengths}")
    try:
        chosen = TypeAdapter(methods.TokenizerEntry).validate_python(entry)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{method}: {'.'.join(map(str, first['loc'][1:]))}: {first['msg']}") from None
    with tempfile.TemporaryDirectory() as folder:
        items, views = Path(folder) / "items.parquet", {}
        pd.DataFrame({"item": range(next(iter(lengths.values())))}, dtype="int32").to_parquet(items, index=False)
        for name in roles:
            views[name] = Path(folder) / f"{name}.npy"
            np.save(views[name], np.asarray(given[name], dtype=np.float32))
        tokens = train.tokenize(chosen, items, views, seed)
    size = getattr(chosen, "codebook_size", None)
    return ItemCodes(**vars(tokens), codebook_sizes=(size,) * tokens.codes.shape[1] if size else None)


def describe(
    codes: Tokens | npt.NDArray[np.integer[Any]],
    codebook_sizes: Sequence[int] | None = None,
    vectors: npt.NDArray[np.float32] | None = None,
    categories: pd.Series | None = None,
) -> dict[str, Any]:
    """Say what codes are like: use of the codebooks, collisions, neighbourhoods.

    docs/methods.md, "Diagnostics of codes", has the measures.

    Args:
        codes: what `tokenize` gave, before a repair, as the workflow diagnoses them; or an array [n_items, n_levels].
        codebook_sizes: K of each level, for an array. Without it what is said of whole codebooks is None, since the
            codes do not tell which codewords no item has.
        vectors: [n_items, dim]; adds true duplicates and neighbourhoods.
        categories: one label an item, None where unknown; adds the purity of prefixes.
    """
    if isinstance(codes, Tokens):
        raw = codes.codes if codes.raw_codes is None else codes.raw_codes
        codebook_sizes = codebook_sizes or getattr(codes, "codebook_sizes", None)
        return describe(raw, codebook_sizes, vectors, categories) | of_repair(raw, codes.codes)
    found = diagnosed(codes.astype(np.int32), codebook_sizes, vectors, categories)
    if not codebook_sizes:
        found["levels"] = [level | dict.fromkeys(OF_SIZE) for level in found["levels"]]
    return found


def export_codes(results: str | Path, dataset: str, tokenizer: str, folder: str | Path, seed: int = 0) -> list[Path]:
    """Write codes as LETTER, LC-Rec and MiniOneRec read them, and which number is which item.

    Writes `DATASET.index.json`, `{"0": ["<a_3>", "<b_141>", ...]}`, and `DATASET.item2id`, a line an item: its raw id,
    a tab, its number. Items of one tuple keep it: what tells them apart is the reader's to choose. Returns both paths.
    """
    paths, names = Paths(str(results)), {"dataset": dataset, "tokenizer": tokenizer, "seed": seed}
    codes = read_array(paths.codes.format(**names))
    raw_ids = read_table(paths.items.format(**names), columns=["raw_id"])["raw_id"].tolist()
    return write_codes(codes, raw_ids, folder, dataset)


def write_codes(
    codes: npt.NDArray[np.integer[Any]], raw_ids: Sequence[object], folder: str | Path, name: str
) -> list[Path]:
    """Write codes [n_items, n_levels] of one's own as `export_codes` writes those of a run; `raw_ids` one an item."""
    if codes.ndim != 2 or len(codes) != len(raw_ids):
        raise DataError(
            f"{name}: found codes {list(codes.shape)} of {len(raw_ids)} items; expected [n_items, n_levels]"
        )
    if codes.shape[1] > len(ascii_lowercase):
        raise DataError(f"{name}: found {codes.shape[1]} levels; expected at most a letter for each")
    index = {
        str(item): [f"<{letter}_{code}>" for letter, code in zip(ascii_lowercase, row, strict=False)]
        for item, row in enumerate(codes.tolist())
    }
    written = [Path(folder) / f"{name}.index.json", Path(folder) / f"{name}.item2id"]
    with atomic_path(written[0]) as temporary:
        temporary.write_text(json.dumps(index), encoding="utf-8")
    with atomic_path(written[1]) as temporary:
        temporary.write_text("".join(f"{raw}\t{item}\n" for item, raw in enumerate(raw_ids)), encoding="utf-8")
    return written


@dataclass(frozen=True, repr=False)
class Recommender:
    """A trained recommender that ranks items for histories of raw ids, by the ranking of the workflow itself."""

    options: Any
    """Its section of the config, without `training`."""
    weights: Mapping[str, Any]
    interactions: pd.DataFrame
    raw_ids: pd.Index
    """Of each item, by number."""
    codes: npt.NDArray[np.integer[Any]] | None
    seed: int

    def __repr__(self) -> str:
        reads = "item ids" if self.codes is None else f"codes {list(self.codes.shape)}"
        return f"<{self.options.module.rpartition('.')[2]} over {reads}, {len(self.raw_ids)} items, seed {self.seed}>"

    @classmethod
    def load(cls, results: str | Path, dataset: str, tokenizer: str, recommender: str, seed: int = 0) -> "Recommender":
        """Load a run that was decoded in a folder of results; `ids` is the tokenizer of one over plain item ids."""
        from safetensors.torch import load_file

        paths = Paths(str(results))
        run = {"dataset": dataset, "tokenizer": tokenizer, "recommender": recommender, "seed": seed}
        record = Path(paths.records) / "decode" / dataset / tokenizer / recommender / f"{seed}.json"
        if not record.exists():
            raise DataError(f"{record}: found no such file; expected a run that was decoded in this folder of results")
        options = without("training", read_json(record)["config"]["options"])
        if options.reads_places or options.reads_tokenizer_model or options.reads_texts:
            raise ConfigError(f"{recommender}: it reads more than histories; expected a recommender of items alone")
        model = paths.model.format(**run)
        with reading(model):
            weights = load_file(model)
        return cls(
            options,
            weights,
            read_table(paths.interactions.format(**run)),
            pd.Index(read_table(paths.items.format(**run), columns=["raw_id"])["raw_id"].astype(str)),
            None if options.reads_ids else read_array(paths.codes.format(**run)),
            seed,
        )

    def rank(self, histories: Sequence[Sequence[str]], k: int = 10) -> list[list[str]]:
        """The best items for each history (the oldest item first), best first; nothing is left out, seen or not.

        A beam has at most `beam_size` items. Raises DataError for a history that is none, is empty or has an unknown
        item.
        """
        from semtok.recommenders.task import RecommenderTask

        users, items = [], []
        for number, history in enumerate(histories):
            if isinstance(history, str):
                raise DataError(
                    f"history {number}: found the text {history!r}; expected a list of items: [[{history!r}]]"
                )
            found = self.raw_ids.get_indexer(pd.Index(list(history), dtype=str))
            if not len(found) or (found < 0).any():
                unknown = [raw for raw, item in zip(history, found, strict=True) if item < 0]
                raise DataError(
                    f"history {number}: found {unknown or 'nothing'}; expected items of the dataset that its filters "
                    f"left, such as {self.raw_ids[0]!r} (all: raw_id in items.parquet)"
                )
            users += [number] * len(found)
            items += found.tolist()
        first = int(self.interactions["user"].max()) + 1
        asked = pd.DataFrame({"user": np.array(users) + first, "item": items, "timestamp": 0, "split": "context"})
        lengths = [len(history) for history in histories]
        targets = pd.DataFrame(
            {
                "target": range(len(histories)),
                "user": np.arange(first, first + len(histories)),
                "item": 0,  # nothing is made of its rank
                "split": "test",
                "position": lengths,
            }
        )
        others = self.interactions.loc[self.interactions["split"] != "test", list(asked.columns)]
        task = RecommenderTask(
            self._options(k), pd.concat([others, asked], ignore_index=True), targets, self.seed, self.codes
        )
        ranks, _ = import_module(self.options.module).decode(task, self.weights)
        return [self.raw_ids[top[:k]].tolist() for top in ranks["top"]]

    def _options(self, k: int) -> Any:
        """Those of the run, without a certificate, and with a list of k where the whole catalogue is ranked."""
        changed = {"certify_users": 0, "top": k}
        own = {name: value for name, value in changed.items() if hasattr(self.options.decoding, name)}
        decoding = self.options.decoding.model_copy(update=own)
        return self.options.model_copy(update={"decoding": decoding})


def evaluate(
    recommended: Sequence[Sequence[Any]], targets: Sequence[Any], ks: Sequence[int] = (5, 10)
) -> dict[str, float]:
    """Recall@k and NDCG@k of a list of items a user, best first, and the one item that is wanted of it.

    As the workflow measures them: a target that is not in its list is missed. Raises DataError for lists and targets of
    different numbers, and for an item that is twice in a list.
    """
    from semtok.papers.metrics import OF_RANKS, earned_at

    if len(recommended) != len(targets) or not len(targets):
        raise DataError(f"found {len(recommended)} lists for {len(targets)} targets; expected a list for each")
    places = []
    for number, (items, target) in enumerate(zip(recommended, targets, strict=True)):
        if len(set(items)) != len(items):
            raise DataError(f"list {number}: found an item twice; expected every item once")
        places.append(list(items).index(target) + 1 if target in items else None)
    ranks = pd.Series(places, dtype="Int64")
    return {f"{metric}@{k}": float(earned_at(ranks, metric, k).mean()) for metric in OF_RANKS for k in ks}
