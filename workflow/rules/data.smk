"""Raw files to items, interactions, targets and statistics."""

from semtok.data import READERS, WRITERS

DATA = "results/data/{dataset}"
RAW_URLS = {file["path"]: file["url"] for dataset in ENTRIES["datasets"].values() for file in dataset["files"]}


def raw_folder(wildcards):
    """Where the paths of a dataset's files begin."""
    folders = {
        "official": "results/raw/official",
        "synthetic": f"results/raw/synthetic/{wildcards.dataset}",
        "mirror": ENTRIES["mirror"],
    }
    return folders[source_of(wildcards.dataset)]


def raw_files(wildcards):
    """The raw files of a dataset, wherever its source keeps them."""
    source = source_of(wildcards.dataset)
    if source == "synthetic":
        return raw_folder(wildcards)
    files = [Path(raw_folder(wildcards)) / file["path"] for file in ENTRIES["datasets"][wildcards.dataset]["files"]]
    missing = [str(file) for file in files if not file.is_file()]
    if source == "mirror" and missing:
        raise WorkflowError(f"datasets.{wildcards.dataset}: the mirror lacks {', '.join(missing)}")
    return [str(file) for file in files]


rule download:
    output:
        "results/raw/official/{file}",
    log:
        "results/logs/download/{file}.log",
    conda:
        "../../envs/data.yaml"
    threads: threads_of("download")
    resources:
        mem_mb=memory("download"),
        runtime=minutes("download"),
    params:
        url=lambda wildcards: RAW_URLS[wildcards.file],
        lock="config/checksums.yaml",
    script:
        "../scripts/download.py"


rule synthesize:
    output:
        directory("results/raw/synthetic/{dataset}"),
    log:
        "results/logs/synthesize/{dataset}.log",
    conda:
        "../../envs/data.yaml"
    threads: threads_of("synthesize")
    resources:
        mem_mb=memory("synthesize"),
        runtime=minutes("synthesize"),
    params:
        options=lambda wildcards: part("datasets", wildcards.dataset, "reader", "files", "synthetic"),
        code=lambda wildcards: code("synthesize.py", WRITERS[ENTRIES["datasets"][wildcards.dataset]["reader"]]),
    script:
        "../scripts/synthesize.py"


rule prepare:
    input:
        raw_files,
    output:
        catalogue=f"{DATA}/items.parquet",
        interactions=f"{DATA}/interactions.parquet",
        targets=f"{DATA}/targets.parquet",
        stats=f"{DATA}/stats.json",
    log:
        "results/logs/prepare/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare/{dataset}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: threads_of("prepare")
    resources:
        mem_mb=memory("prepare"),
        runtime=minutes("prepare"),
    params:
        options=lambda wildcards: part(
            "datasets", wildcards.dataset, "reader", "files", "text_fields", "filters", "split"
        ),
        source=lambda wildcards: source_of(wildcards.dataset),
        code=lambda wildcards: code("prepare.py", READERS[ENTRIES["datasets"][wildcards.dataset]["reader"]]),
    script:
        "../scripts/prepare.py"
