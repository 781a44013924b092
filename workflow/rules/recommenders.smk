"""Codes and sequences to ranked items: training, decoding and scoring are three rules, so that each can change alone."""


rule train:
    input:
        codes=codes_of,
        interactions=rules.prepare.output.interactions,
        targets=rules.prepare.output.targets,
    output:
        model=f"{RUN}/model.safetensors",
        history=f"{RUN}/history.csv",
    log:
        f"{LOGS}/train/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: threads_of("train")
    resources:
        mem_mb=memory("train"),
        runtime=minutes("train"),
        gpu=gpus("train"),
    params:
        options=lambda wildcards: apart("recommenders", wildcards.recommender, "decoding"),
        code=lambda wildcards: code("train.py", f"{RECOMMENDERS[method_of(wildcards.recommender)]}:train"),
    script:
        "../scripts/train.py"


rule decode:
    input:
        model=rules.train.output.model,
        codes=codes_of,
        interactions=rules.prepare.output.interactions,
        targets=rules.prepare.output.targets,
    output:
        ranks=f"{RUN}/ranks.parquet",
        facts=f"{RUN}/decoding.json",
    log:
        f"{LOGS}/decode/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/decode/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: threads_of("decode")
    resources:
        mem_mb=memory("decode"),
        runtime=minutes("decode"),
        gpu=gpus("decode"),
    params:
        options=lambda wildcards: apart("recommenders", wildcards.recommender, "training"),
        code=lambda wildcards: code("decode.py", f"{RECOMMENDERS[method_of(wildcards.recommender)]}:decode"),
    script:
        "../scripts/decode.py"


rule score:
    input:
        ranks=rules.decode.output.ranks,
    output:
        means=f"{RUN}/scores.csv",
        users=f"{RUN}/scores.parquet",
    log:
        f"{LOGS}/score/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/score/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: threads_of("score")
    resources:
        mem_mb=memory("score"),
        runtime=minutes("score"),
        gpu=gpus("score"),
    params:
        ks=lambda wildcards: PAPERS.cutoffs(**wildcards),
        code=code("score.py"),
    script:
        "../scripts/score.py"
