"""What the jobs of the data stage read."""

from pathlib import Path
from typing import Any

from snakemake.io import ancient

from semtok.archive import datasets_of
from semtok.data import READERS, WRITERS
from semtok.errors import ConfigError
from semtok.plan.stages.common import Jobs, Wildcards, any_of
from semtok.run.digest import file_digest


class DataJobs(Jobs):
    """Those of workflow/rules/data.smk."""

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
        files = [f"{folder}/{file.path}" for file in self.config.datasets[wildcards.dataset].files]
        # A mirror's times are those of a copy; what is in its files is in the params (`raw_contents`).
        return [ancient(file) for file in files] if self.source(wildcards) == "mirror" else files

    def raw_contents(self, wildcards: Wildcards) -> dict[str, str] | None:
        """The checksums of a mirror's files, which may come with new times and the same content, or with old times and
        another; None for other sources, whose files are made here."""
        if self.source(wildcards) != "mirror":
            return None
        paths = {
            file.path: Path(self.raw_folder(wildcards), file.path)
            for file in self.config.datasets[wildcards.dataset].files
        }
        return {name: file_digest(path) for name, path in paths.items() if path.is_file()}

    def datasets_with_candidates(self) -> str:
        """The datasets whose impressions are candidates to be scored, as a pattern."""
        datasets = self.config.datasets.items()
        return any_of(name for name, dataset in datasets if dataset.impressions == "candidates")

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

    def archived(self, _: Wildcards | None = None) -> list[str]:
        """The prepared data of an archive's datasets, which are compared with those it was made of."""
        if self.config.archive is None:
            raise ConfigError("archive: found null; expected the archive to fetch from (--config archive=FILE)")
        names = [name for name in datasets_of(Path(self.config.archive)) if name in self.config.datasets]
        files = (self.paths.items, self.paths.interactions, self.paths.targets)
        return [path.format(dataset=name) for name in names for path in files]
