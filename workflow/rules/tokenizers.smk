"""Item vectors to codes."""


rule tokenize:
    input:
        catalogue=rules.prepare.output.catalogue,
        vectors=STAGES.item_vectors,
        codes=STAGES.brought_codes,
    output:
        codes=PATHS.codes,
        model=PATHS.tokenizer_model,
        history=PATHS.tokenizer_history,
        raw_codes=PATHS.raw_codes,
    log:
        f"{LOGS}/tokenize/{{dataset}}/{{tokenizer}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/tokenize/{{dataset}}/{{tokenizer}}/{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: STAGES.asks("tokenize", "threads", 1)
    resources:
        mem_mb=STAGES.asks("tokenize", "mem_mb", 8000),
        runtime=STAGES.asks("tokenize", "minutes", 240),
        gpu=STAGES.asks("tokenize", "gpus", 1),
    params:
        options=lambda wildcards: STAGES.options("tokenizers", wildcards.tokenizer),
        code=lambda wildcards: STAGES.code("tokenize.py", STAGES.tokenizer(wildcards.tokenizer).module),
    script:
        "../scripts/tokenize.py"


rule diagnose:
    input:
        codes=rules.tokenize.output.codes,
        raw_codes=rules.tokenize.output.raw_codes,
        catalogue=rules.prepare.output.catalogue,
        vectors=STAGES.vectors_to_diagnose,
    output:
        PATHS.diagnostics,
    log:
        f"{LOGS}/diagnose/{{dataset}}/{{tokenizer}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/diagnose/{{dataset}}/{{tokenizer}}/{{seed}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        codebook_size=lambda wildcards: STAGES.options("tokenizers", wildcards.tokenizer).get("codebook_size"),
        code=STAGES.code("diagnose.py"),
    script:
        "../scripts/diagnose.py"
