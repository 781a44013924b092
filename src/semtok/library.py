"""The package in a notebook: codes for one's own items, a trained recommender of a folder of results, codes for others.

from semtok import Recommender, describe, export_codes, tokenize

tokens = tokenize(vectors, "cost", temperature=0.5)      # float32 [n_items, dim] to int32 [n_items, n_levels]
describe(tokens.codes, vectors=vectors)                   # collisions, use of the codebooks, neighbourhoods
recommender = Recommender.load("results/demo", "mind", "cost", "tiger")
recommender.rank([["N1", "N7"]], k=10)                    # the datasets' own ids, in and out
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

DEFAULTS = Path(__file__).parents[2] / "config" / "config.yaml"
"""Whose entries are the methods by name."""

Vectors = npt.NDArray[np.floating[Any]]


def tokenize(vectors: Vectors | Mapping[str, Vectors], method: str = "cost", seed: int = 0, **options: Any) -> Tokens:
    """Give items codes.

    Args:
        vectors: [n_items, dim], a row of NaN for an item without one; of a method of several views an array each, by
            the names that its options have: `{"text": ..., "spatial": ...}` (SimCIT), `{"encoder": ...,
            "collaborative": ...}` (LETTER).
        method: an entry of `tokenizers` in config/config.yaml, or a variant of it (`cost+temperature=0.5`).
        seed: of everything that is drawn.
        options: in the place of the entry's own (docs/options.md); a nested one as `views={"image": None}`.

    Returns:
        `codes` int32 [n_items, n_levels], the model's arrays, the history of its training.

    Raises:
        ConfigError: no such method or option, or other vectors than it reads.
    """
    from semtok.tokenizers import train

    entries = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))["tokenizers"]
    given = {"encoder": vectors} if isinstance(vectors, np.ndarray) else dict(vectors)
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
        chosen = TypeAdapter(methods.Tokenizer).validate_python(entry)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{method}: {'.'.join(map(str, first['loc'][1:]))}: {first['msg']}") from None
    with tempfile.TemporaryDirectory() as folder:
        items, views = Path(folder) / "items.parquet", {}
        pd.DataFrame({"item": range(next(iter(lengths.values())))}, dtype="int32").to_parquet(items, index=False)
        for name in roles:
            views[name] = Path(folder) / f"{name}.npy"
            np.save(views[name], np.asarray(given[name], dtype=np.float32))
        return train.tokenize(chosen, items, views, seed)


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


@dataclass(frozen=True)
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

        A beam has at most `beam_size` items. Raises DataError for a history that is empty or has an unknown item.
        """
        from semtok.recommenders.task import Task

        users, items = [], []
        for number, history in enumerate(histories):
            found = self.raw_ids.get_indexer(pd.Index(list(history), dtype=str))
            if not len(found) or (found < 0).any():
                unknown = [raw for raw, item in zip(history, found, strict=True) if item < 0]
                raise DataError(f"history {number}: found {unknown or 'nothing'}; expected items of the dataset")
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
        task = Task(self._options(k), pd.concat([others, asked], ignore_index=True), targets, self.seed, self.codes)
        ranks, _ = import_module(self.options.module).decode(task, self.weights)
        return [self.raw_ids[top[:k]].tolist() for top in ranks["top"]]

    def _options(self, k: int) -> Any:
        """Those of the run, without a certificate, and with a list of k where the whole catalogue is ranked."""
        changed = {"certify_users": 0, "top": k}
        own = {name: value for name, value in changed.items() if hasattr(self.options.decoding, name)}
        decoding = self.options.decoding.model_copy(update=own)
        return self.options.model_copy(update={"decoding": decoding})
