"""Codes and sequences to ranked items: training, decoding and evaluating are three rules, so that each can change alone.

What needs no training is one job a dataset. Recommenders in language models have rules of their own: what these are given
besides, and their environment, are nothing to the others.
"""


ruleorder: train_with_language_model > train
ruleorder: decode_with_language_model > decode


rule train:
    input:
        codes=STAGES.codes,
        texts=STAGES.texts,
        tokenizer_model=STAGES.tokenizer_model,
        choice=STAGES.choice,
        interactions=rules.prepare.output.interactions,
        targets=rules.prepare.output.targets,
    output:
        model=PATHS.model,
        history=PATHS.history,
    log:
        f"{LOGS}/train/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: STAGES.asks("train", "threads", 1)
    resources:
        mem_mb=STAGES.asks("train", "mem_mb", 8000),
        runtime=STAGES.asks("train", "minutes", 2880),
        gpu=STAGES.asks("train", "gpus", 1),
    params:
        options=STAGES.recommender_options("decoding"),
        code=STAGES.recommender_code("train.py", "train"),
    script:
        "../scripts/train.py"


# As `train`, with a language model; of one that is published there are no files.
rule train_with_language_model:
    input:
        codes=STAGES.codes,
        texts=STAGES.texts,
        tokenizer_model=STAGES.tokenizer_model,
        language_model=STAGES.language_model_files,
        dense_model=STAGES.dense_model,
        choice=STAGES.choice,
        interactions=rules.prepare.output.interactions,
        targets=rules.prepare.output.targets,
    output:
        model=PATHS.model,
        history=PATHS.history,
    log:
        f"{LOGS}/train_with_language_model/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train_with_language_model/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.tsv"
    wildcard_constraints:
        recommender=STAGES.in_language_models(),
    conda:
        "../../envs/language.yaml"
    threads: STAGES.asks("train_with_language_model", "threads", 1)
    resources:
        mem_mb=STAGES.asks("train_with_language_model", "mem_mb", 16000),
        runtime=STAGES.asks("train_with_language_model", "minutes", 2880),
        gpu=STAGES.asks("train_with_language_model", "gpus", 1),
    params:
        options=STAGES.recommender_options("decoding"),
        language_model=STAGES.language_model,
        dense=STAGES.dense_options,
        attributes=STAGES.attributes_to_read,
        code=STAGES.recommender_code("train_with_language_model.py", "train"),
    script:
        "../scripts/train_with_language_model.py"


# Where a config has a grid: its trials are trained as any other run, and all seeds as the best of them.
rule choose:
    input:
        histories=STAGES.histories_of_trials,
    output:
        PATHS.choice,
    log:
        f"{LOGS}/choose/{{dataset}}/{{tokenizer}}/{{recommender}}.log",
    benchmark:
        f"{BENCHMARKS}/choose/{{dataset}}/{{tokenizer}}/{{recommender}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(30),
        gpu=0,
    params:
        trials=STAGES.trials,
        code=STAGES.code("choose.py"),
    script:
        "../scripts/choose.py"


rule decode:
    input:
        model=STAGES.model,
        codes=STAGES.codes,
        texts=STAGES.texts,
        tokenizer_model=STAGES.tokenizer_model,
        choice=STAGES.choice,
        interactions=rules.prepare.output.interactions,
        targets=rules.prepare.output.targets,
    output:
        ranks=PATHS.ranks,
        facts=PATHS.decoding,
    log:
        f"{LOGS}/decode/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/decode/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: STAGES.asks("decode", "threads", 1)
    resources:
        mem_mb=STAGES.asks("decode", "mem_mb", 8000),
        runtime=STAGES.asks("decode", "minutes", 480),
        gpu=STAGES.asks("decode", "gpus", 1),
    params:
        options=STAGES.recommender_options("training"),
        code=STAGES.recommender_code("decode.py", "decode"),
    script:
        "../scripts/decode.py"


rule decode_with_language_model:
    input:
        model=STAGES.model,
        codes=STAGES.codes,
        language_model=STAGES.language_model_files,
        dense_model=STAGES.dense_model,
        choice=STAGES.choice,
        interactions=rules.prepare.output.interactions,
        targets=rules.prepare.output.targets,
    output:
        ranks=PATHS.ranks,
        facts=PATHS.decoding,
    log:
        f"{LOGS}/decode_with_language_model/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/decode_with_language_model/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.tsv"
    wildcard_constraints:
        recommender=STAGES.in_language_models(),
    conda:
        "../../envs/language.yaml"
    threads: STAGES.asks("decode_with_language_model", "threads", 1)
    resources:
        mem_mb=STAGES.asks("decode_with_language_model", "mem_mb", 16000),
        runtime=STAGES.asks("decode_with_language_model", "minutes", 480),
        gpu=STAGES.asks("decode_with_language_model", "gpus", 1),
    params:
        options=STAGES.recommender_options("training"),
        language_model=STAGES.language_model,
        dense=STAGES.dense_options,
        code=STAGES.recommender_code("decode_with_language_model.py", "decode"),
    script:
        "../scripts/decode_with_language_model.py"


rule evaluate:
    input:
        ranks=rules.decode.output.ranks,
    output:
        means=PATHS.means,
        users=PATHS.metrics,
    log:
        f"{LOGS}/evaluate/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/evaluate/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(30),
        gpu=0,
    params:
        ks=lambda wildcards: PAPERS.cutoffs(**wildcards),
        code=STAGES.code("evaluate.py"),
    script:
        "../scripts/evaluate.py"


rule rank_untrained:
    input:
        interactions=rules.prepare.output.interactions,
        targets=rules.prepare.output.targets,
        vectors=STAGES.vectors_of_texts,
    output:
        PATHS.untrained,
    log:
        f"{LOGS}/rank_untrained/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/rank_untrained/{{dataset}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(8000),
        runtime=per_attempt(120),
        gpu=0,
    params:
        options=ordered(ENTRIES["untrained"]),
        code=code("rank_untrained.py"),
    script:
        "../scripts/rank_untrained.py"
