"""Item vectors to codes."""


rule tokenize:
    input:
        catalogue=rules.prepare.output.catalogue,
        vectors=item_vectors,
        codes=brought_codes,
    output:
        codes=f"{TOKENIZER}/codes.npy",
        model=f"{TOKENIZER}/model.safetensors",
        history=f"{TOKENIZER}/history.csv",
        raw_codes=f"{TOKENIZER}/raw_codes.npy",
    log:
        f"{LOGS}/tokenize/{{dataset}}/{{tokenizer}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/tokenize/{{dataset}}/{{tokenizer}}/{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: threads_of("tokenize")
    resources:
        mem_mb=memory("tokenize"),
        runtime=minutes("tokenize"),
        gpu=gpus("tokenize"),
    params:
        options=lambda wildcards: ordered(options("tokenizers", wildcards.tokenizer)),
        code=lambda wildcards: code("tokenize.py", TOKENIZERS[options("tokenizers", wildcards.tokenizer)["method"]]),
    script:
        "../scripts/tokenize.py"


rule diagnose:
    input:
        codes=rules.tokenize.output.codes,
        raw_codes=rules.tokenize.output.raw_codes,
        catalogue=rules.prepare.output.catalogue,
        vectors=vectors_to_diagnose,
    output:
        f"{TOKENIZER}/diagnostics.json",
    log:
        f"{LOGS}/diagnose/{{dataset}}/{{tokenizer}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/diagnose/{{dataset}}/{{tokenizer}}/{{seed}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: threads_of("diagnose")
    resources:
        mem_mb=memory("diagnose"),
        runtime=minutes("diagnose"),
        gpu=gpus("diagnose"),
    params:
        codebook_size=lambda wildcards: options("tokenizers", wildcards.tokenizer).get("codebook_size"),
        code=code("diagnose.py"),
    script:
        "../scripts/diagnose.py"
