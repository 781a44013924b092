"""Where every result lies, as Snakemake's patterns, written here and nowhere else; and which of these files a table, a
figure or the claims are made from: one answer for the rule and for its script."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from semtok.config.scorers import TEXTS
from semtok.config.variants import without_changes
from semtok.plan.cells import Cell, Run, coded, runs

READS: dict[str, tuple[str, ...]] = {
    "statistics": (),
    "ranking": ("metrics", "diagnostics", "facts", "choice", "ranks"),
    "attributes": ("dense",),
    "scoring": ("metrics", "scored"),
    "bars": ("metrics", "facts"),
    "training": ("history",),
    "embedding": ("codes", "model"),
    "claims": ("metrics", "diagnostics", "facts", "history", "dense"),
}
"""What each kind of exhibit is made from, beside the statistics of its datasets."""


def trained_as(pattern: str, run: Mapping[str, object]) -> str:
    """A file of a recommender's training: how it is decoded trains nothing, so variants of that have one training."""
    return pattern.format(**{**run, "recommender": without_changes(str(run["recommender"]), "decoding")})


def language_model_files(folder: str) -> dict[str, str]:
    """What transformers writes and reads of a language model, made here or one's own."""
    return {
        "config": f"{folder}/config.json",
        "weights": f"{folder}/model.safetensors",
        "vocabulary": f"{folder}/tokenizer.json",
    }


class Paths:
    """The files of one config's results, which lie below the folder `results`."""

    # Pages of a paper's results are part of the documentation, whatever the config; conclusions are written by hand,
    # and experiments are what scripts of benchmarks/ print of such results. A paper may have several pages, whose names
    # end in what they are about: simcit, simcit-beauty.
    page = "docs/results/{paper}{about}.md"
    page_figure = "docs/results/{paper}{about}-{exhibit}.svg"
    conclusions = "docs/results/{paper}{about}-conclusions.md"
    experiments = "docs/results/{paper}{about}-experiments.md"
    about = r"(?!\S*-(?:conclusions|experiments)\.md$)(?:-[a-z0-9]+)*"

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

        # A paper's tables and figures, and its claims; without suffix.
        self.exhibit = f"{results}/papers/{{paper}}/{{exhibit}}"
        self.claims = f"{results}/papers/{{paper}}/claims"


@dataclass(frozen=True)
class Sources:
    """The files that one job of the papers reads."""

    files: Mapping[str, Mapping[Run, str]]
    """By what they are, the file of each run."""
    stats: Mapping[str, str]
    """By printed name, the `stats.json` of each dataset."""
    targets: Mapping[str, str]
    """By printed name, what is known of the test targets of each dataset (`untrained.parquet`), for the strata of a
    table of rankings."""

    def as_input(self) -> dict[str, list[str]]:
        """By name, as they stand in the rule's input."""
        files = {what: list(dict.fromkeys(of_runs.values())) for what, of_runs in self.files.items()}
        of_datasets = {"stats": self.stats, "targets": self.targets}
        return files | {what: list(dict.fromkeys(paths.values())) for what, paths in of_datasets.items()}


def sources(kind: str, cells: Sequence[Cell], datasets: Mapping[str, str], paths: Paths) -> Sources:
    """What an exhibit of one kind reads.

    Args:
        kind: of `READS`.
        cells: its methods on its datasets.
        datasets: its datasets that the config has, printed name to entry.
        paths: where results lie.
    """
    ranked, scored = runs(cells, "ranks"), runs(cells, "candidates")
    dense = {run: cell.dense for cell in cells if cell.dense for run in cell.runs}
    trained = [run for run in ranked if not run.is_untrained]
    places = {
        "metrics": (paths.metrics, trained),
        "facts": (paths.decoding, trained),
        "ranks": (paths.ranks, trained),
        "diagnostics": (paths.diagnostics, coded(cells)),
        "codes": (paths.codes, coded(cells)),
        "model": (paths.tokenizer_model, coded(cells)),
        "history": (paths.tokenizer_history, coded(cells)),
        "scored": (paths.scored, scored),
        "choice": (paths.choice, runs(replace(cell, runs=cell.runs[:1]) for cell in cells if cell.has_choice)),
    }
    reads = [what for what in READS[kind] if what != "dense"]
    files = {what: {run: places[what][0].format(**asdict(run)) for run in places[what][1]} for what in reads}
    if "choice" in files:
        files["choice"] = {run: trained_as(paths.choice, asdict(run)) for run in files["choice"]}
    if "metrics" in files:
        files["metrics"] |= {run: paths.untrained.format(dataset=run.dataset) for run in ranked if run.is_untrained}
        files["metrics"] |= {run: paths.list_metrics.format(**asdict(run)) for run in scored}
    if "dense" in READS[kind]:
        vectors = f"{paths.seeded_vectors}.json"
        files["dense"] = {run: vectors.format(**asdict(run), encoder=encoder) for run, encoder in dense.items()}
    stats = {name: paths.stats.format(dataset=entry) for name, entry in datasets.items()}
    targets = {
        name: paths.untrained.format(dataset=entry) for name, entry in datasets.items() if "ranks" in READS[kind]
    }
    return Sources(files, stats, targets)
