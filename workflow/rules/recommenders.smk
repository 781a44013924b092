"""Codes and sequences to ranked items: training, decoding and scoring are three rules, so that each can change alone."""

from semtok.recommenders import METHODS as RECOMMENDERS

RUN = "results/recommenders/{dataset}/{tokenizer}/{recommender}/{seed}"


def recommender_modules(wildcards, stage):
    return RECOMMENDERS[options("recommenders", wildcards.recommender)["method"]][stage]


rule train:
    input:
        codes=rules.tokenize.output.codes,
        interactions=rules.prepare.output.interactions,
        targets=rules.prepare.output.targets,
    output:
        model=f"{RUN}/model.safetensors",
        history=f"{RUN}/history.csv",
    params:
        options=lambda wildcards: part(
            "recommenders", wildcards.recommender, "method", "max_items", "collisions", "model", "training"
        ),
        code=lambda wildcards: code("train.py", recommender_modules(wildcards, "train")),
    log:
        "results/logs/train/{dataset}/{tokenizer}/{recommender}/{seed}.log",
    benchmark:
        "results/benchmarks/train/{dataset}/{tokenizer}/{recommender}/{seed}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: threads_of("train")
    resources:
        mem_mb=memory("train"),
        runtime=minutes("train"),
        gpu=gpus("train"),
    script:
        "../scripts/train.py"


rule decode:
    input:
        model=rules.train.output.model,
        codes=rules.tokenize.output.codes,
        interactions=rules.prepare.output.interactions,
        targets=rules.prepare.output.targets,
    output:
        ranks=f"{RUN}/ranks.parquet",
        facts=f"{RUN}/decoding.json",
    params:
        options=lambda wildcards: part(
            "recommenders", wildcards.recommender, "method", "max_items", "collisions", "model", "decoding"
        ),
        code=lambda wildcards: code("decode.py", recommender_modules(wildcards, "decode")),
    log:
        "results/logs/decode/{dataset}/{tokenizer}/{recommender}/{seed}.log",
    benchmark:
        "results/benchmarks/decode/{dataset}/{tokenizer}/{recommender}/{seed}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: threads_of("decode")
    resources:
        mem_mb=memory("decode"),
        runtime=minutes("decode"),
        gpu=gpus("decode"),
    script:
        "../scripts/decode.py"
