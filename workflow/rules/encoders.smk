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
    priority: PRIORITY_OF_ENCODERS
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


rule encode_image:
    input:
        manifest=rules.fetch_images.output.manifest,
        weights=image_weights,
    output:
        vectors="results/encoders/{dataset}/{encoder}.npy",
        facts="results/encoders/{dataset}/{encoder}.json",
    log:
        "results/logs/encode_image/{dataset}/{encoder}.log",
    benchmark:
        "results/benchmarks/encode_image/{dataset}/{encoder}.tsv"
    wildcard_constraints:
        encoder=encoders_with("image"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/images.yaml"
    threads: threads_of("encode_image")
    resources:
        mem_mb=memory("encode_image"),
        runtime=minutes("encode_image"),
        gpu=gpus("encode_image"),
    params:
        options=lambda wildcards: ordered(options("encoders", wildcards.encoder)),
        code=encoder_code("encode_image.py"),
    script:
        "../scripts/encode_image.py"


rule encode_collaborative:
    input:
        catalogue=rules.prepare.output.catalogue,
        interactions=rules.prepare.output.interactions,
    output:
        vectors="results/encoders/{dataset}/{encoder}.npy",
        facts="results/encoders/{dataset}/{encoder}.json",
    log:
        "results/logs/encode_collaborative/{dataset}/{encoder}.log",
    benchmark:
        "results/benchmarks/encode_collaborative/{dataset}/{encoder}.tsv"
    wildcard_constraints:
        encoder=encoders_with("collaborative"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/places.yaml"
    threads: threads_of("encode_collaborative")
    resources:
        mem_mb=memory("encode_collaborative"),
        runtime=minutes("encode_collaborative"),
        gpu=gpus("encode_collaborative"),
    params:
        options=lambda wildcards: ordered(options("encoders", wildcards.encoder)),
        code=encoder_code("encode_collaborative.py"),
    script:
        "../scripts/encode_collaborative.py"


rule spatial_graph:
    input:
        catalogue=rules.prepare.output.catalogue,
        interactions=interactions_of_graph,
    output:
        graph="results/encoders/{dataset}/{encoder}.graph.npz",
    log:
        "results/logs/spatial_graph/{dataset}/{encoder}.log",
    benchmark:
        "results/benchmarks/spatial_graph/{dataset}/{encoder}.tsv"
    wildcard_constraints:
        encoder=encoders_with("spatial"),
    conda:
        "../../envs/places.yaml"
    threads: threads_of("spatial_graph")
    resources:
        mem_mb=memory("spatial_graph"),
        runtime=minutes("spatial_graph"),
        gpu=gpus("spatial_graph"),
    params:
        options=lambda wildcards: graph_of(wildcards.encoder),
        code=lambda wildcards: code("spatial_graph.py", GRAPHS[graph_of(wildcards.encoder)["method"]]),
    script:
        "../scripts/spatial_graph.py"


rule encode_spatial:
    input:
        catalogue=rules.prepare.output.catalogue,
        graph=rules.spatial_graph.output.graph,
    output:
        vectors="results/encoders/{dataset}/{encoder}.npy",
        facts="results/encoders/{dataset}/{encoder}.json",
    log:
        "results/logs/encode_spatial/{dataset}/{encoder}.log",
    benchmark:
        "results/benchmarks/encode_spatial/{dataset}/{encoder}.tsv"
    wildcard_constraints:
        encoder=encoders_with("spatial"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/places.yaml"
    threads: threads_of("encode_spatial")
    resources:
        mem_mb=memory("encode_spatial"),
        runtime=minutes("encode_spatial"),
        gpu=gpus("encode_spatial"),
    params:
        options=lambda wildcards: ordered(options("encoders", wildcards.encoder)),
        code=encoder_code("encode_spatial.py"),
    script:
        "../scripts/encode_spatial.py"


rule encode_recommender_items:
    input:
        model=model_of_items,
        interactions=rules.prepare.output.interactions,
    output:
        vectors="results/encoders/{dataset}/{encoder}.npy",
        facts="results/encoders/{dataset}/{encoder}.json",
    log:
        "results/logs/encode_recommender_items/{dataset}/{encoder}.log",
    benchmark:
        "results/benchmarks/encode_recommender_items/{dataset}/{encoder}.tsv"
    wildcard_constraints:
        encoder=encoders_with("recommender"),
    conda:
        "../../envs/training.yaml"
    threads: threads_of("encode_recommender_items")
    resources:
        mem_mb=memory("encode_recommender_items"),
        runtime=minutes("encode_recommender_items"),
        gpu=gpus("encode_recommender_items"),
    params:
        options=lambda wildcards: ordered(options("encoders", wildcards.encoder)),
        code=encoder_code("encode_recommender_items.py"),
    script:
        "../scripts/encode_recommender_items.py"
