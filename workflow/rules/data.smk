"""Raw files to items, interactions, targets and statistics; and items to their pictures."""


rule download:
    output:
        f"{PATHS.official}/{{file}}",
    log:
        f"{LOGS}/download/{{file}}.log",
    benchmark:
        f"{BENCHMARKS}/download/{{file}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(1000),
        runtime=per_attempt(240),
        gpu=0,
    params:
        url=lambda wildcards: STAGES.url(wildcards.file),
        lock="config/checksums.yaml",
    script:
        "../scripts/download.py"


rule synthesize:
    output:
        directory(PATHS.synthetic),
    log:
        f"{LOGS}/synthesize/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/synthesize/{{dataset}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(1000),
        runtime=per_attempt(30),
        gpu=0,
    params:
        options=lambda wildcards: STAGES.part("datasets", wildcards.dataset, "reader", "files", "synthetic"),
        code=lambda wildcards: STAGES.code("synthesize.py", STAGES.writer(wildcards)),
    script:
        "../scripts/synthesize.py"


rule prepare:
    input:
        STAGES.raw_files,
    output:
        catalogue=PATHS.items,
        interactions=PATHS.interactions,
        targets=PATHS.targets,
        stats=PATHS.stats,
    log:
        f"{LOGS}/prepare/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/prepare/{{dataset}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(8000),
        runtime=per_attempt(120),
        gpu=0,
    params:
        options=lambda wildcards: STAGES.part(
            "datasets", wildcards.dataset, "reader", "files", "text_fields", "filters", "split"
        ),
        source=STAGES.source,
        raw=STAGES.raw_contents,
        code=lambda wildcards: STAGES.code("prepare.py", STAGES.reader(wildcards)),
    script:
        "../scripts/prepare.py"


# Of a dataset whose impressions are candidates to be scored.
ruleorder: prepare_with_candidates > prepare


use rule prepare as prepare_with_candidates with:
    output:
        catalogue=PATHS.items,
        interactions=PATHS.interactions,
        targets=PATHS.targets,
        stats=PATHS.stats,
        candidates=PATHS.candidates,
    log:
        f"{LOGS}/prepare_with_candidates/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/prepare_with_candidates/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=STAGES.datasets_with_candidates(),


rule fetch_images:
    input:
        catalogue=rules.prepare.output.catalogue,
        raw=STAGES.drawn_pictures,
    output:
        # Only the manifest: Snakemake would delete a folder of pictures when the job fails or is killed.
        manifest=PATHS.manifest,
    log:
        f"{LOGS}/fetch_images/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/fetch_images/{{dataset}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 2
    resources:
        mem_mb=per_attempt(8000),
        runtime=per_attempt(1440),
        gpu=0,
    params:
        options=STAGES.image_options,
        source=STAGES.source,
        folder=STAGES.image_folder,
        code=STAGES.code("fetch_images.py"),
    script:
        "../scripts/fetch_images.py"
