"""Raw files to items, interactions, targets and statistics; and items to their pictures."""


rule download:
    output:
        f"{RAW}/official/{{file}}",
    log:
        f"{LOGS}/download/{{file}}.log",
    benchmark:
        f"{BENCHMARKS}/download/{{file}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: threads_of("download")
    resources:
        mem_mb=memory("download"),
        runtime=minutes("download"),
        gpu=gpus("download"),
    params:
        url=lambda wildcards: RAW_URLS[wildcards.file],
        lock="config/checksums.yaml",
    script:
        "../scripts/download.py"


rule synthesize:
    output:
        directory(f"{RAW}/synthetic/{{dataset}}"),
    log:
        f"{LOGS}/synthesize/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/synthesize/{{dataset}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: threads_of("synthesize")
    resources:
        mem_mb=memory("synthesize"),
        runtime=minutes("synthesize"),
        gpu=gpus("synthesize"),
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
        f"{LOGS}/prepare/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/prepare/{{dataset}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: threads_of("prepare")
    resources:
        mem_mb=memory("prepare"),
        runtime=minutes("prepare"),
        gpu=gpus("prepare"),
    params:
        options=lambda wildcards: part(
            "datasets", wildcards.dataset, "reader", "files", "text_fields", "filters", "split"
        ),
        source=lambda wildcards: source_of(wildcards.dataset),
        code=lambda wildcards: code("prepare.py", READERS[ENTRIES["datasets"][wildcards.dataset]["reader"]]),
    script:
        "../scripts/prepare.py"


rule fetch_images:
    input:
        catalogue=rules.prepare.output.catalogue,
        raw=drawn_pictures,
    output:
        # Only the manifest: Snakemake would delete a folder of pictures when the job fails or is killed.
        manifest=f"{IMAGES}/images.csv",
    log:
        f"{LOGS}/fetch_images/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/fetch_images/{{dataset}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: threads_of("fetch_images")
    resources:
        mem_mb=memory("fetch_images"),
        runtime=minutes("fetch_images"),
        gpu=gpus("fetch_images"),
    params:
        options=image_options,
        source=lambda wildcards: source_of(wildcards.dataset),
        folder=image_folder,
        code=code("fetch_images.py"),
    script:
        "../scripts/fetch_images.py"
