"""What the jobs of the encoders' stage read, language models among them."""

from collections.abc import Callable
from typing import Any

from semtok.config.encoder_options import EncoderOptions
from semtok.config.encoders import GraphOptions
from semtok.config.language_models import FolderModel
from semtok.config.tokenizers import IDS
from semtok.errors import ConfigError
from semtok.plan.paths import language_model_files
from semtok.plan.stages.common import Jobs, Wildcards, any_of


class EncoderJobs(Jobs):
    """Those of workflow/rules/encoders.smk."""

    def encoder(self, wildcards: Wildcards) -> EncoderOptions:
        """The typed options of an encoder; it has no variants."""
        return self.config.encoders[wildcards.encoder]

    def seeded_options(self, wildcards: Wildcards) -> dict[str, Any]:
        """The options of an encoder that every seed trains anew, the run's seed added to its own."""
        options = self.options("encoders", wildcards.encoder)
        return options | {"seed": options["seed"] + int(wildcards.seed)}

    def all_vectors(self) -> list[str]:
        """The vectors of every encoder on every dataset, with the first seed where they have one."""
        return [
            self.vectors(dataset, encoder, self.config.seeds[0])
            for dataset in self.config.datasets
            for encoder in self.config.encoders
        ]

    def encoders_with(self, modality: str) -> str:
        """The encoders of one modality, as a pattern."""
        return any_of(name for name, entry in self.config.encoders.items() if entry.modality == modality)

    def scattered(self, modality: str) -> str:
        """The encoders of one modality that can be scattered over jobs, as a pattern."""
        encoders = self.config.encoders.items()
        return any_of(name for name, entry in encoders if entry.modality == modality and entry.scatters)

    def large_datasets(self) -> str:
        """The datasets whose encoders are scattered, as a pattern."""
        return any_of(name for name, dataset in self.config.datasets.items() if dataset.shards > 1)

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
        return any_of(name for name, entry in self.config.language_models.items() if entry.trained_here)

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
        return list(language_model_files(folder).values())
