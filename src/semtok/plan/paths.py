"""Where every result lies, as Snakemake's patterns: written here and nowhere else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paths:
    """The folders of one config's results."""

    results: str = "results"

    @property
    def raw(self) -> str:
        """Raw files of an `official` or `synthetic` source."""
        return f"{self.results}/raw"

    @property
    def data(self) -> str:
        """A dataset's items, interactions, targets and statistics."""
        return f"{self.results}/data/{{dataset}}"

    @property
    def images(self) -> str:
        """A dataset's pictures and their manifest."""
        return f"{self.results}/images/{{dataset}}"

    @property
    def vectors(self) -> str:
        """An encoder's files, without their suffixes."""
        return f"{self.results}/encoders/{{dataset}}/{{encoder}}"

    @property
    def tokenizer(self) -> str:
        """A tokenizer's codes, model and history."""
        return f"{self.results}/tokenizers/{{dataset}}/{{tokenizer}}/{{seed}}"

    @property
    def run(self) -> str:
        """A recommender's model, history, ranks and scores."""
        return f"{self.results}/recommenders/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}"

    @property
    def paper(self) -> str:
        """A paper's tables, figures and claims."""
        return f"{self.results}/papers/{{paper}}"

    @property
    def logs(self) -> str:
        """Logs, a folder for each rule."""
        return f"{self.results}/logs"

    @property
    def benchmarks(self) -> str:
        """Snakemake's measurements, in the folders of the logs."""
        return f"{self.results}/benchmarks"
