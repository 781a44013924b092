"""Where every result lies, as Snakemake's patterns: written here and nowhere else."""

from collections.abc import Mapping

from semtok.config.scorers import TEXTS
from semtok.config.variants import without


def trained_as(pattern: str, run: Mapping[str, object]) -> str:
    """A file of a recommender's training: how it is decoded trains nothing, so variants of that have one training."""
    return pattern.format(**{**run, "recommender": without(str(run["recommender"]), "decoding")})


def language_model_files(folder: str) -> dict[str, str]:
    """What transformers writes and reads of a language model, made here or one's own."""
    return {
        "config": f"{folder}/config.json",
        "weights": f"{folder}/model.safetensors",
        "vocabulary": f"{folder}/tokenizer.json",
    }


class Paths:
    """The files of one config's results, which lie below the folder `results`."""

    # Pages of a paper's results are part of the documentation, whatever the config; conclusions are written by hand.
    page = "docs/results/{paper}.md"
    page_figure = "docs/results/{paper}-{exhibit}.svg"
    conclusions = "docs/results/{paper}-conclusions.md"

    def __init__(self, results: str = "results") -> None:
        self.results = results
        # Of jobs: logs and Snakemake's measurements, a folder for each rule, and records at the paths of the logs.
        # `semtok.run.records` has the names, too: it imports nothing of this, and planning not the numpy behind that.
        self.logs, self.benchmarks, self.records = (f"{results}/{name}" for name in ("logs", "benchmarks", "records"))

        # Raw files.
        self.raw = f"{results}/raw"
        self.official = f"{self.raw}/official"
        self.synthetic = f"{self.raw}/synthetic/{{dataset}}"

        # A dataset's.
        self.data = f"{results}/data/{{dataset}}"
        self.items, self.interactions, self.targets = (
            f"{self.data}/{name}.parquet" for name in ("items", "interactions", "targets")
        )
        self.candidates = f"{self.data}/candidates.parquet"
        self.stats = f"{self.data}/stats.json"
        self.images = f"{results}/images/{{dataset}}"
        self.manifest = f"{self.images}/images.csv"

        # An encoder's; `vectors` without suffix, and those of one that every seed trains anew.
        self.vectors = f"{results}/encoders/{{dataset}}/{{encoder}}"
        self.seeded_vectors = f"{self.vectors}-seed{{seed}}"
        self.shard = f"{self.vectors}.shards/{{shard}}-of-{{shards}}"
        self.graph = f"{self.vectors}.graph.npz"
        self.dense_model = f"{self.seeded_vectors}.safetensors"
        self.dense_history = f"{self.seeded_vectors}.history.csv"

        # A language model's that is trained here.
        self.language_model = f"{results}/encoders/{{dataset}}/{{language_model}}.model"

        # A tokenizer's.
        self.tokenizer = f"{results}/tokenizers/{{dataset}}/{{tokenizer}}/{{seed}}"
        self.codes, self.raw_codes = f"{self.tokenizer}/codes.npy", f"{self.tokenizer}/raw_codes.npy"
        self.tokenizer_model = f"{self.tokenizer}/model.safetensors"
        self.tokenizer_history = f"{self.tokenizer}/history.csv"
        self.diagnostics = f"{self.tokenizer}/diagnostics.json"

        # A recommender's; what is chosen by validation is so for all seeds.
        self.runs = f"{results}/recommenders/{{dataset}}/{{tokenizer}}/{{recommender}}"
        self.choice = f"{self.runs}/choice.json"
        self.run = f"{self.runs}/{{seed}}"
        self.model, self.history = f"{self.run}/model.safetensors", f"{self.run}/history.csv"
        self.ranks, self.decoding = f"{self.run}/ranks.parquet", f"{self.run}/decoding.json"
        self.metrics, self.means = f"{self.run}/metrics.parquet", f"{self.run}/metrics.csv"

        # A scorer's of candidates, where others have a recommender: their scores, and what every user's list earns.
        self.scored, self.list_metrics = f"{self.run}/scored.parquet", f"{self.run}/list-metrics.parquet"

        # The same by the wildcard `scorer`, which may be one of texts, and what is trained of it.
        self.scorer_run = self.run.replace("{recommender}", "{scorer}")
        self.scorer_scored, self.scorer_list_metrics, self.scorer_model, self.scorer_history = (
            f"{self.scorer_run}/{name}"
            for name in ("scored.parquet", "list-metrics.parquet", "scorer.safetensors", "scorer-history.csv")
        )
        self.scored_texts = self.scorer_scored.replace("{tokenizer}", TEXTS)

        # Ranks in the lists of a dataset that need no training, and what is known of its test targets.
        self.untrained = f"{results}/recommenders/{{dataset}}/untrained.parquet"

        # A paper's tables, figures and claims.
        self.paper = f"{results}/papers/{{paper}}"
