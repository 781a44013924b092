"""What the jobs of the stages before the papers read: files, options and code, for the rules of those stages.

Functions of `wildcards` are a rule's inputs and params as they stand.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from semtok.config.base import Method
from semtok.config.choice import candidates, combinations, grid_of
from semtok.config.encoders import EncoderOptions, GraphOptions
from semtok.config.language_models import FolderModel
from semtok.config.model import Config
from semtok.config.recommenders import Recommender, RecommenderClass, methods
from semtok.config.tokenizers import IDS, ExternalTokenizer, Tokenizer, encoders_of
from semtok.config.variants import replaced, resolve
from semtok.data import READERS, WRITERS
from semtok.errors import ConfigError
from semtok.plan.check import chosen, incompatible
from semtok.plan.paths import Paths
from semtok.run.digest import code_digest


class Wildcards(Protocol):
    """Those of a job; each rule has some of them."""

    dataset: str
    encoder: str
    language_model: str
    tokenizer: str
    recommender: str
    scorer: str
    seed: str


def ordered(value: Any) -> Any:
    """The same value with the keys of every mapping sorted, since Snakemake compares params as text."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [ordered(entry) for entry in value]
    return value


class Stages:
    """The jobs of one config."""

    def __init__(self, config: Config, paths: Paths, root: Path) -> None:
        """`root` is the project's folder, which holds src/ and workflow/."""
        self.config, self.paths = config, paths
        self.entries: dict[str, Any] = config.model_dump(mode="json")
        """Plain values, as they reach a job."""
        # Hundreds of jobs ask for the same: uncached, digests alone are half of a dry run.
        self.options: Callable[[str, str], dict[str, Any]] = cache(self._options)
        self.tokenizer: Callable[[str], Tokenizer] = cache(self._tokenizer)
        self.recommender: Callable[[str], RecommenderClass] = cache(self._recommender)
        source, scripts = root / "src", root / "workflow" / "scripts"
        self.code = cache(lambda script, *starts: code_digest(source, scripts / script, *starts))
        """Digest of what a job runs: its script, and what the script imports by name."""

    def _options(self, section: str, variant: str) -> dict[str, Any]:
        """The options of an entry or a variant of it, keys sorted; not to be changed, since they are kept."""
        found: dict[str, Any] = ordered(resolve(self.entries[section], variant, section))
        return found

    def part(self, section: str, name: str, *keys: str) -> dict[str, Any]:
        """Those of an entry's options that one rule reads, so that the others do not rerun it."""
        return {key: value for key, value in self.options(section, name).items() if key in keys}

    def apart(self, section: str, name: str, *keys: str) -> dict[str, Any]:
        """An entry's options without those that another rule reads; methods differ in what the rest is."""
        return {key: value for key, value in self.options(section, name).items() if key not in keys}

    def _tokenizer(self, variant: str) -> Tokenizer:
        found: Tokenizer = chosen(Tokenizer, self.entries["tokenizers"], variant, "tokenizers")
        return found

    def _recommender(self, variant: str) -> RecommenderClass:
        found: RecommenderClass = chosen(Recommender, self.entries["recommenders"], variant, "recommenders")
        return found

    def asks(self, rule: str, resource: str, otherwise: int) -> Callable[[Wildcards, int], int]:
        """A function of wildcards and attempt: what a job's method needs of a resource, or, where it leaves that to the
        rule, `otherwise`. Memory and minutes are those of the first attempt; a second one gets twice as much."""

        def amount(wildcards: Wildcards, attempt: int) -> int:
            variant = getattr(wildcards, "recommender", None)
            method: Method = self.recommender(variant) if variant else self.tokenizer(wildcards.tokenizer)
            asked = method.asks(rule, resource, otherwise)
            return asked * attempt if resource in ("mem_mb", "minutes") else asked

        return amount

    # --- data ---------------------------------------------------------------------------------------------------------

    def source(self, wildcards: Wildcards) -> str:
        """official, mirror or synthetic."""
        return self.config.datasets[wildcards.dataset].source or self.config.source

    def url(self, file: str) -> str | None:
        """Where an official file is published."""
        files = (raw for dataset in self.config.datasets.values() for raw in dataset.files)
        return next(raw.url for raw in files if raw.path == file)

    def reader(self, wildcards: Wildcards) -> str:
        """The module that reads a dataset's format."""
        return READERS[self.config.datasets[wildcards.dataset].reader]

    def writer(self, wildcards: Wildcards) -> str:
        """The module that writes a synthetic world in a dataset's format."""
        return WRITERS[self.config.datasets[wildcards.dataset].reader]

    def raw_folder(self, wildcards: Wildcards) -> str:
        """Where the paths of a dataset's files begin."""
        source = self.source(wildcards)
        if source == "mirror":
            return str(self.config.mirror)
        return self.paths.official if source == "official" else self.paths.synthetic.format(dataset=wildcards.dataset)

    def raw_files(self, wildcards: Wildcards) -> list[str]:
        """The raw files of a dataset, or the folder of its synthetic world."""
        folder = self.raw_folder(wildcards)
        if self.source(wildcards) == "synthetic":
            return [folder]
        return [f"{folder}/{file.path}" for file in self.config.datasets[wildcards.dataset].files]

    def datasets_with_candidates(self) -> str:
        """The datasets whose impressions are candidates to be scored, as a pattern."""
        datasets = self.config.datasets.items()
        return _any_of(name for name, dataset in datasets if dataset.impressions == "candidates")

    def image_folder(self, wildcards: Wildcards) -> str:
        """Where relative addresses of pictures begin: beside the raw files, or, with official files, here."""
        return "." if self.source(wildcards) == "official" else self.raw_folder(wildcards)

    def image_options(self, wildcards: Wildcards) -> dict[str, Any]:
        """Where a dataset's pictures come from."""
        images: dict[str, Any] | None = self.options("datasets", wildcards.dataset)["images"]
        if images is None:
            raise ConfigError(
                f"datasets.{wildcards.dataset}.images: found nothing; expected where the pictures of its items come "
                "from, since a tokenizer with an image encoder is to run on it"
            )
        return images

    def drawn_pictures(self, wildcards: Wildcards) -> list[str]:
        """The folder of a synthetic world, whose pictures may change with it; nothing for other sources."""
        return self.raw_files(wildcards) if self.source(wildcards) == "synthetic" else []

    # --- encoders -----------------------------------------------------------------------------------------------------

    def encoder(self, wildcards: Wildcards) -> EncoderOptions:
        """The typed options of an encoder; it has no variants."""
        return self.config.encoders[wildcards.encoder]

    def seeded_options(self, wildcards: Wildcards) -> dict[str, Any]:
        """The options of an encoder that every seed trains anew, the run's seed added to its own."""
        options = self.options("encoders", wildcards.encoder)
        return options | {"seed": options["seed"] + int(wildcards.seed)}

    def encoders_with(self, modality: str) -> str:
        """The encoders of one modality, as a pattern."""
        return _any_of(name for name, entry in self.config.encoders.items() if entry.modality == modality)

    def scattered(self, modality: str) -> str:
        """The encoders of one modality that can be scattered over jobs, as a pattern."""
        encoders = self.config.encoders.items()
        return _any_of(name for name, entry in encoders if entry.modality == modality and entry.scatters)

    def large_datasets(self) -> str:
        """The datasets whose encoders are scattered, as a pattern."""
        return _any_of(name for name, dataset in self.config.datasets.items() if dataset.shards > 1)

    def shards(self, suffix: str) -> Callable[[Wildcards], list[str]]:
        """A function of wildcards: the files of all shards, in order."""

        def files(wildcards: Wildcards) -> list[str]:
            count = self.config.datasets[wildcards.dataset].shards
            names = {"dataset": wildcards.dataset, "encoder": wildcards.encoder, "shards": count}
            return [f"{self.paths.shard.format(**names, shard=shard)}.{suffix}" for shard in range(1, count + 1)]

        return files

    def encoder_code(self, script: str) -> Callable[[Wildcards], str]:
        """A function of wildcards: digest of what encodes the entry."""
        return lambda wildcards: self.code(script, self.encoder(wildcards).module)

    def text_fields(self, wildcards: Wildcards) -> list[str]:
        """The fields of which an item's text is made."""
        fields = self.config.datasets[wildcards.dataset].text_fields
        if not fields:
            raise ConfigError(
                f"datasets.{wildcards.dataset}.text_fields: found nothing; expected the fields that an item's text is "
                f"made of, since the text encoder {wildcards.encoder} is to run on it"
            )
        return fields

    def image_weights(self, wildcards: Wildcards) -> str | list[str]:
        """The checkpoint that an image encoder reads; nothing where its weights are published, or none."""
        path = self.options("encoders", wildcards.encoder)["pretrained"]
        return path if isinstance(path, str) else []

    def graph_options(self, wildcards: Wildcards) -> dict[str, Any]:
        """The options of a spatial encoder's graph, which the encoder's others do not touch."""
        graph: dict[str, Any] = self.options("encoders", wildcards.encoder)["graph"]
        return graph

    def graph_code(self, wildcards: Wildcards) -> str:
        """Digest of what makes a spatial encoder's graph."""
        return self.code("spatial_graph.py", self._graph(wildcards).module)

    def interactions_of_graph(self, wildcards: Wildcards) -> str | list[str]:
        """The interactions, for a graph that is made of them; a map of places needs none."""
        needed = self._graph(wildcards).reads_interactions
        return self.paths.interactions.format(dataset=wildcards.dataset) if needed else []

    def _graph(self, wildcards: Wildcards) -> GraphOptions:
        spatial: Any = self.encoder(wildcards)
        found: GraphOptions = spatial.graph
        return found

    def model_of_items(self, wildcards: Wildcards) -> str:
        """The recommender over plain ids whose item vectors an entry takes."""
        options = self.seeded_options(wildcards)
        names = {"recommender": options["recommender"], "seed": options["seed"]}
        return self.paths.model.format(dataset=wildcards.dataset, tokenizer=IDS, **names)

    def language_models_trained(self) -> str:
        """The language models that are trained here, as a pattern."""
        return _any_of(name for name, entry in self.config.language_models.items() if entry.trained_here)

    def attributes(self, wildcards: Wildcards) -> dict[str, Any]:
        """The fields of a dataset's items that language models read and write."""
        attributes: dict[str, Any] | None = self.options("datasets", wildcards.dataset)["attributes"]
        if attributes is None:
            raise ConfigError(
                f"datasets.{wildcards.dataset}.attributes: found nothing; expected the fields that a language model "
                "reads of an item, since what is built on one is to run on it"
            )
        return attributes

    def language_model(self, wildcards: Wildcards) -> dict[str, Any]:
        """The options of the language model of a scorer, a recommender or an encoder."""
        return self.options("language_models", self._language_model(wildcards))

    def _language_model(self, wildcards: Wildcards) -> str:
        """Its name."""
        kind = next(kind for kind in ("scorer", "recommender", "encoder") if getattr(wildcards, kind, None))
        name: str = self.options(f"{kind}s", getattr(wildcards, kind))["language_model"]
        return name

    def language_model_files(self, wildcards: Wildcards) -> list[str]:
        """The files of the language model of a scorer, a recommender or an encoder; none for one of the hub."""
        name = self._language_model(wildcards)
        model = self.config.language_models[name]
        if isinstance(model, FolderModel):
            folder = model.path.rstrip("/")
        elif model.trained_here:
            folder = self.paths.language_model.format(dataset=wildcards.dataset, language_model=name)
        else:
            return []
        return [f"{folder}/{file}" for file in ("config.json", "model.safetensors", "tokenizer.json")]

    # --- tokenizers ---------------------------------------------------------------------------------------------------

    def item_vectors(self, wildcards: Wildcards) -> list[str]:
        """The vectors that a tokenizer reads, one file a view; none for one that does without."""
        views = encoders_of(self.options("tokenizers", wildcards.tokenizer))
        return [self._vectors(wildcards, encoder) for encoder in views.values()]

    def vectors_to_diagnose(self, wildcards: Wildcards) -> str | list[str]:
        """The space in which neighbours are sought: the tokenizer's own, or that of most others; else, or where a
        dataset has no texts for the others to read, nothing."""
        encoder = _space(self.options("tokenizers", wildcards.tokenizer))
        if encoder is None and self.config.datasets[wildcards.dataset].text_fields:
            spaces = Counter(found for entry in self.entries["tokenizers"].values() if (found := _space(entry)))
            # By number and name: no order of the config's keys decides.
            encoder = min(spaces, key=lambda name: (-spaces[name], name), default=None)
        return [] if encoder is None else self._vectors(wildcards, encoder)

    def vectors_of_texts(self, wildcards: Wildcards) -> str | list[str]:
        """The text vectors that rank by content without training; nothing for a dataset without texts."""
        encoder, fields = self.config.untrained.encoder, self.config.datasets[wildcards.dataset].text_fields
        return (
            f"{self.paths.vectors}.npy".format(dataset=wildcards.dataset, encoder=encoder) if encoder and fields else []
        )

    def brought_codes(self, wildcards: Wildcards) -> str | list[str]:
        """The file of codes that a user brings; nothing for the other tokenizers."""
        tokenizer = self.tokenizer(wildcards.tokenizer)
        if not isinstance(tokenizer, ExternalTokenizer):
            return []
        return tokenizer.path if tokenizer.below == "here" else f"{self.config.mirror}/{tokenizer.path}"

    def _vectors(self, wildcards: Wildcards, encoder: str) -> str:
        seeded = self.config.encoders[encoder].seeded
        pattern = self.paths.seeded_vectors if seeded else self.paths.vectors
        return f"{pattern}.npy".format(dataset=wildcards.dataset, encoder=encoder, seed=wildcards.seed)

    # --- recommenders -------------------------------------------------------------------------------------------------

    def codes(self, wildcards: Wildcards) -> str | list[str]:
        """The codes that a recommender reads; none for one over plain item ids."""
        method = self.recommender(wildcards.recommender)
        for mistake in incompatible(wildcards.tokenizer, wildcards.recommender, method, self.paths.results):
            raise ConfigError(mistake)
        return [] if wildcards.tokenizer == IDS else _filled(self.paths.codes, wildcards)

    def recommender_code(self, script: str, function: str) -> Callable[[Wildcards], str]:
        """A function of wildcards: digest of the script and of one function of the recommender's module."""
        return lambda wildcards: self.code(script, f"{self.recommender(wildcards.recommender).module}:{function}")

    def recommender_options(self, left_out: str) -> Callable[[Wildcards], dict[str, Any]]:
        """A function of wildcards: a recommender's options without the section `left_out`. Where some are chosen by
        validation, the values to choose from stand in their place, and `choose` is the file that says which."""

        def options(wildcards: Wildcards) -> dict[str, Any]:
            found = self.apart("recommenders", wildcards.recommender, left_out, "choose")
            grid = self._grid(wildcards)
            if not grid:
                return found
            kept = {key: values for key, values in grid.items() if key.partition(".")[0] != left_out}
            return replaced(found, kept, "choose") | {"choose": _filled(self.paths.choice, wildcards)}

        return options

    def choice(self, wildcards: Wildcards) -> str | list[str]:
        """What was chosen by validation; nothing for a recommender whose options are all given."""
        return _filled(self.paths.choice, wildcards) if self._grid(wildcards) else []

    def candidates(self, wildcards: Wildcards) -> list[dict[str, Any]]:
        """The values of each candidate of a grid."""
        return combinations(self._grid(wildcards))

    def histories_of_candidates(self, wildcards: Wildcards) -> list[str]:
        """The trainings of the candidates of a grid, in order, with the first of the seeds."""
        grid = self._grid(wildcards)
        if not grid:
            raise ConfigError(
                f"recommenders.{wildcards.recommender}.choose: found nothing; expected what to choose from"
            )
        run = {"dataset": wildcards.dataset, "tokenizer": wildcards.tokenizer, "seed": self.config.seeds[0]}
        return [self.paths.history.format(recommender=one, **run) for one in candidates(wildcards.recommender, grid)]

    def _grid(self, wildcards: Wildcards) -> dict[str, list[Any]]:
        return grid_of(wildcards.recommender, self.options("recommenders", wildcards.recommender))

    def scorers_of(self, method: str) -> str:
        """The scorers of a method and their variants, as a pattern."""
        names = _any_of(name for name, entry in self.config.scorers.items() if entry.method == method)
        return rf"(?:{names})(?:\+[A-Za-z0-9_.+=-]+)?"

    def texts(self, wildcards: Wildcards) -> str | list[str]:
        """The items, for a recommender that reads their texts or where they lie."""
        method = self.recommender(wildcards.recommender)
        return _filled(self.paths.items, wildcards) if method.reads_texts or method.reads_places else []

    def tokenizer_model(self, wildcards: Wildcards) -> str | list[str]:
        """The tokenizer's model, for a recommender that reads it."""
        needed = self.recommender(wildcards.recommender).reads_tokenizer_model
        return _filled(self.paths.tokenizer_model, wildcards) if needed else []

    def in_language_models(self) -> str:
        """The recommenders in language models and their variants, as a pattern."""
        classes = methods()
        entries = self.entries["recommenders"].items()
        named = _any_of(n for n, e in entries if e["method"] in classes and classes[e["method"]].reads_language_model)
        return rf"(?:{named})(?:\+.*)?"

    def attributes_to_read(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """The fields of the items' texts, for a recommender that reads them."""
        return self.attributes(wildcards) if self.recommender(wildcards.recommender).reads_texts else None

    def dense_options(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """The options of the dense tokenizer whose weights a recommender starts from; None: it does from none."""
        recommender: Any = self.recommender(wildcards.recommender)
        name = recommender.share_weights
        if name is None:
            return None
        options = self.options("encoders", name)
        if options["method"] != "dense-tokenizer" or options["language_model"] != recommender.language_model:
            raise ConfigError(
                f"recommenders.{wildcards.recommender}.share_weights: found {name}; expected a dense tokenizer of the "
                f"language model {recommender.language_model}"
            )
        return options

    def dense_model(self, wildcards: Wildcards) -> str | list[str]:
        """What that dense tokenizer has learned, with the seed of the run."""
        if self.dense_options(wildcards) is None:
            return []
        recommender: Any = self.recommender(wildcards.recommender)
        names = {"dataset": wildcards.dataset, "encoder": recommender.share_weights, "seed": wildcards.seed}
        return self.paths.dense_model.format(**names)


def _space(options: dict[str, Any]) -> str | None:
    """The encoder in whose space a tokenizer is diagnosed: the text's, where there is one."""
    views = encoders_of(options)
    return views.get("encoder") or views.get("text") or next(iter(views.values()), None)


def _filled(pattern: str, wildcards: Wildcards) -> str:
    names = {name: getattr(wildcards, name) for name in re.findall(r"{(\w+)}", pattern)}
    return pattern.format(**names)


def _any_of(names: Iterable[str]) -> str:
    """A pattern that matches these names and no others."""
    return "|".join(map(re.escape, names)) or "none"
