"""Codes and sequences to ranked items: training, decoding and scoring are three rules, so that each can change alone."""


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


# Where a config has a grid: its candidates are trained as any other run, and all seeds as the best of them.
rule choose:
    input:
        histories=STAGES.histories_of_candidates,
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
        candidates=STAGES.candidates,
        code=STAGES.code("choose.py"),
    script:
        "../scripts/choose.py"


rule decode:
    input:
        model=rules.train.output.model,
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


rule score:
    input:
        ranks=rules.decode.output.ranks,
    output:
        means=PATHS.scores,
        users=PATHS.user_scores,
    log:
        f"{LOGS}/score/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/score/{{dataset}}/{{tokenizer}}/{{recommender}}/{{seed}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(30),
        gpu=0,
    params:
        ks=lambda wildcards: PAPERS.cutoffs(**wildcards),
        code=STAGES.code("score.py"),
    script:
        "../scripts/score.py"
