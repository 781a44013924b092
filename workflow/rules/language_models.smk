"""Texts to vectors by language models: a small one of the dataset's own texts, its states, and STORE's dense tokens."""


# A language model of the dataset's own texts, small: one that is published is loaded where it is used.
rule train_language_model:
    input:
        catalogue=rules.prepare.output.catalogue,
    output:
        **language_model_files(PATHS.language_model),
        history=f"{PATHS.language_model}/history.csv",
        facts=f"{PATHS.language_model}/facts.json",
    log:
        f"{LOGS}/train_language_model/{{dataset}}/{{language_model}}.log",
    benchmark:
        f"{BENCHMARKS}/train_language_model/{{dataset}}/{{language_model}}.tsv"
    wildcard_constraints:
        language_model=STAGES.language_models_trained(),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/language.yaml"
    threads: STAGES.asks("train_language_model", "threads", 1)
    resources:
        mem_mb=STAGES.asks("train_language_model", "mem_mb", 8000),
        runtime=STAGES.asks("train_language_model", "minutes", 240),
        gpu=STAGES.asks("train_language_model", "gpus", 1),
    params:
        options=lambda wildcards: STAGES.options("language_models", wildcards.language_model),
        attributes=STAGES.attributes,
        code=code("train_language_model.py"),
    script:
        "../scripts/train_language_model.py"


rule encode_language:
    input:
        catalogue=rules.prepare.output.catalogue,
        language_model=STAGES.language_model_files,
    output:
        vectors=f"{VECTORS}.npy",
        facts=f"{VECTORS}.json",
    log:
        f"{LOGS}/encode_language/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_language/{{dataset}}/{{encoder}}.tsv"
    wildcard_constraints:
        encoder=STAGES.encoders_with("language"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/language.yaml"
    threads: STAGES.asks("encode_language", "threads", 1)
    resources:
        mem_mb=STAGES.asks("encode_language", "mem_mb", 16000),
        runtime=STAGES.asks("encode_language", "minutes", 240),
        gpu=STAGES.asks("encode_language", "gpus", 1),
    params:
        options=lambda wildcards: STAGES.options("encoders", wildcards.encoder),
        language_model=STAGES.language_model,
        attributes=STAGES.attributes,
        code=STAGES.encoder_code("encode_language.py"),
    script:
        "../scripts/encode_language.py"


rule encode_dense:
    input:
        catalogue=rules.prepare.output.catalogue,
        language_model=STAGES.language_model_files,
    output:
        vectors=f"{PATHS.seeded_vectors}.npy",
        facts=f"{PATHS.seeded_vectors}.json",
        model=PATHS.dense_model,
        history=PATHS.dense_history,
    log:
        f"{LOGS}/encode_dense/{{dataset}}/{{encoder}}-seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_dense/{{dataset}}/{{encoder}}-seed{{seed}}.tsv"
    wildcard_constraints:
        encoder=STAGES.encoders_with("dense"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/language.yaml"
    threads: STAGES.asks("encode_dense", "threads", 1)
    resources:
        mem_mb=STAGES.asks("encode_dense", "mem_mb", 16000),
        runtime=STAGES.asks("encode_dense", "minutes", 1440),
        gpu=STAGES.asks("encode_dense", "gpus", 1),
    params:
        options=STAGES.seeded_options,
        language_model=STAGES.language_model,
        attributes=STAGES.attributes,
        code=STAGES.encoder_code("encode_dense.py"),
    script:
        "../scripts/encode_dense.py"
