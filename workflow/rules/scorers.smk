"""Candidates to scores: a scorer stands where others have a recommender, what it reads where they have a tokenizer."""


rule score_zero_shot:
    input:
        catalogue=rules.prepare_with_candidates.output.catalogue,
        interactions=rules.prepare_with_candidates.output.interactions,
        candidates=rules.prepare_with_candidates.output.candidates,
        language_model=STAGES.language_model_files,
    output:
        PATHS.scored_texts,
    log:
        f"{LOGS}/score_zero_shot/{{dataset}}/{{scorer}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/score_zero_shot/{{dataset}}/{{scorer}}/{{seed}}.tsv"
    wildcard_constraints:
        scorer=STAGES.scorers(trained=False),
    conda:
        "../../envs/language.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(16000),
        runtime=per_attempt(480),
        gpu=1,
    params:
        options=lambda wildcards: STAGES.options("scorers", wildcards.scorer),
        language_model=STAGES.language_model,
        attributes=STAGES.attributes,
        code=STAGES.code("score_zero_shot.py"),
    script:
        "../scripts/score_zero_shot.py"


rule train_scorer:
    input:
        codes=STAGES.scorer_codes,
        texts=STAGES.texts_to_learn,
        language_model=STAGES.language_model_files,
        dense_model=STAGES.dense_model,
        interactions=rules.prepare_with_candidates.output.interactions,
        candidates=rules.prepare_with_candidates.output.candidates,
    output:
        model=PATHS.scorer_model,
        history=PATHS.scorer_history,
    log:
        f"{LOGS}/train_scorer/{{dataset}}/{{tokenizer}}/{{scorer}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train_scorer/{{dataset}}/{{tokenizer}}/{{scorer}}/{{seed}}.tsv"
    wildcard_constraints:
        scorer=STAGES.scorers(trained=True),
    conda:
        "../../envs/language.yaml"
    threads: STAGES.asks("train_scorer", "threads", 1)
    resources:
        mem_mb=STAGES.asks("train_scorer", "mem_mb", 16000),
        runtime=STAGES.asks("train_scorer", "minutes", 2880),
        gpu=STAGES.asks("train_scorer", "gpus", 1),
    params:
        options=STAGES.scorer_options("scoring"),
        language_model=STAGES.language_model,
        dense=STAGES.dense_options,
        attributes=STAGES.attributes_to_learn,
        code=STAGES.scorer_code("train_scorer.py", "train"),
    script:
        "../scripts/train_scorer.py"


rule score_candidates:
    input:
        model=rules.train_scorer.output.model,
        codes=STAGES.scorer_codes,
        texts=STAGES.texts_to_score,
        language_model=STAGES.language_model_files,
        dense_model=STAGES.dense_model,
        interactions=rules.prepare_with_candidates.output.interactions,
        candidates=rules.prepare_with_candidates.output.candidates,
    output:
        PATHS.scorer_scored,
    log:
        f"{LOGS}/score_candidates/{{dataset}}/{{tokenizer}}/{{scorer}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/score_candidates/{{dataset}}/{{tokenizer}}/{{scorer}}/{{seed}}.tsv"
    wildcard_constraints:
        scorer=STAGES.scorers(trained=True),
    conda:
        "../../envs/language.yaml"
    threads: STAGES.asks("score_candidates", "threads", 1)
    resources:
        mem_mb=STAGES.asks("score_candidates", "mem_mb", 16000),
        runtime=STAGES.asks("score_candidates", "minutes", 480),
        gpu=STAGES.asks("score_candidates", "gpus", 1),
    params:
        options=STAGES.scorer_options("training"),
        language_model=STAGES.language_model,
        dense=STAGES.dense_options,
        attributes=STAGES.attributes_to_score,
        code=STAGES.scorer_code("score_candidates.py", "score"),
    script:
        "../scripts/score_candidates.py"


rule evaluate_lists:
    input:
        PATHS.scorer_scored,
    output:
        PATHS.scorer_list_metrics,
    log:
        f"{LOGS}/evaluate_lists/{{dataset}}/{{tokenizer}}/{{scorer}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/evaluate_lists/{{dataset}}/{{tokenizer}}/{{scorer}}/{{seed}}.tsv"
    wildcard_constraints:
        scorer=r"[A-Za-z0-9][A-Za-z0-9_.+=-]*",
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        code=code("evaluate_lists.py"),
    script:
        "../scripts/evaluate_lists.py"
