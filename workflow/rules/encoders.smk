"""Items to vectors: one float32 array a modality, NaN rows for items that lack it."""


rule encode_text:
    input:
        catalogue=rules.prepare.output.catalogue,
    output:
        vectors="results/encoders/{dataset}/{encoder}.npy",
        facts="results/encoders/{dataset}/{encoder}.json",
    log:
        "results/logs/encode_text/{dataset}/{encoder}.log",
    benchmark:
        "results/benchmarks/encode_text/{dataset}/{encoder}.tsv"
    wildcard_constraints:
        encoder=encoders_with("text"),
    conda:
        "../../envs/text.yaml"
    threads: threads_of("encode_text")
    resources:
        mem_mb=memory("encode_text"),
        runtime=minutes("encode_text"),
        gpu=gpus("encode_text"),
    params:
        options=lambda wildcards: ordered(options("encoders", wildcards.encoder)),
        text_fields=lambda wildcards: ENTRIES["datasets"][wildcards.dataset]["text_fields"],
        code=encoder_code("encode_text.py"),
    script:
        "../scripts/encode_text.py"


rule encode_recommender_items:
    input:
        model=model_of_items,
        interactions=rules.prepare.output.interactions,
    output:
        vectors="results/encoders/{dataset}/{encoder}.npy",
        facts="results/encoders/{dataset}/{encoder}.json",
    log:
        "results/logs/encode_recommender_items/{dataset}/{encoder}.log",
    wildcard_constraints:
        encoder=encoders_with("recommender"),
    conda:
        "../../envs/training.yaml"
    threads: threads_of("encode_recommender_items")
    resources:
        mem_mb=memory("encode_recommender_items"),
        runtime=minutes("encode_recommender_items"),
    params:
        options=lambda wildcards: ordered(options("encoders", wildcards.encoder)),
        code=encoder_code("encode_recommender_items.py"),
    script:
        "../scripts/encode_recommender_items.py"
