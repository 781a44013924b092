"""Items to vectors: one float32 array a modality, NaN rows for items that lack it."""


# Of a dataset with shards, the networks for text and images run as several jobs; everything else is one job.
ruleorder: gather > encode_text > encode_image


rule encode_text:
    input:
        catalogue=rules.prepare.output.catalogue,
    output:
        vectors=f"{VECTORS}.npy",
        facts=f"{VECTORS}.json",
    log:
        f"{LOGS}/encode_text/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_text/{{dataset}}/{{encoder}}.tsv"
    wildcard_constraints:
        encoder=STAGES.encoders_with("text"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/text.yaml"
    threads: STAGES.asks("encode_text", "threads", 2)
    resources:
        mem_mb=STAGES.asks("encode_text", "mem_mb", 8000),
        runtime=STAGES.asks("encode_text", "minutes", 240),
        gpu=STAGES.asks("encode_text", "gpus", 1),
    params:
        options=lambda wildcards: STAGES.options("encoders", wildcards.encoder),
        text_fields=STAGES.text_fields,
        code=STAGES.encoder_code("encode_text.py"),
    script:
        "../scripts/encode_text.py"


rule encode_image:
    input:
        manifest=rules.fetch_images.output.manifest,
        weights=STAGES.image_weights,
    output:
        vectors=f"{VECTORS}.npy",
        facts=f"{VECTORS}.json",
    log:
        f"{LOGS}/encode_image/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_image/{{dataset}}/{{encoder}}.tsv"
    wildcard_constraints:
        encoder=STAGES.encoders_with("image"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/images.yaml"
    threads: STAGES.asks("encode_image", "threads", 2)
    resources:
        mem_mb=STAGES.asks("encode_image", "mem_mb", 8000),
        runtime=STAGES.asks("encode_image", "minutes", 480),
        gpu=STAGES.asks("encode_image", "gpus", 1),
    params:
        options=lambda wildcards: STAGES.options("encoders", wildcards.encoder),
        code=STAGES.encoder_code("encode_image.py"),
    script:
        "../scripts/encode_image.py"


use rule encode_text as encode_text_shard with:
    output:
        vectors=f"{PATHS.shard}.npy",
        rows=f"{PATHS.shard}.rows.npy",
        facts=f"{PATHS.shard}.json",
    log:
        f"{LOGS}/encode_text_shard/{{dataset}}/{{encoder}}/{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_text_shard/{{dataset}}/{{encoder}}/{{shard}}-of-{{shards}}.tsv"
    wildcard_constraints:
        encoder=STAGES.scattered("text"),


use rule encode_image as encode_image_shard with:
    output:
        vectors=f"{PATHS.shard}.npy",
        rows=f"{PATHS.shard}.rows.npy",
        facts=f"{PATHS.shard}.json",
    log:
        f"{LOGS}/encode_image_shard/{{dataset}}/{{encoder}}/{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_image_shard/{{dataset}}/{{encoder}}/{{shard}}-of-{{shards}}.tsv"
    wildcard_constraints:
        encoder=STAGES.scattered("image"),


rule gather:
    input:
        vectors=STAGES.shards("npy"),
        rows=STAGES.shards("rows.npy"),
        facts=STAGES.shards("json"),
    output:
        vectors=f"{VECTORS}.npy",
        facts=f"{VECTORS}.json",
    log:
        f"{LOGS}/gather/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/gather/{{dataset}}/{{encoder}}.tsv"
    wildcard_constraints:
        dataset=STAGES.large_datasets(),
        encoder=f"{STAGES.scattered('text')}|{STAGES.scattered('image')}",
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        code=code("gather.py"),
    script:
        "../scripts/gather.py"


rule encode_collaborative:
    input:
        catalogue=rules.prepare.output.catalogue,
        interactions=rules.prepare.output.interactions,
    output:
        vectors=f"{PATHS.seeded_vectors}.npy",
        facts=f"{PATHS.seeded_vectors}.json",
    log:
        f"{LOGS}/encode_collaborative/{{dataset}}/{{encoder}}-seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_collaborative/{{dataset}}/{{encoder}}-seed{{seed}}.tsv"
    wildcard_constraints:
        encoder=STAGES.encoders_with("collaborative"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/places.yaml"
    threads: STAGES.asks("encode_collaborative", "threads", 2)
    resources:
        mem_mb=STAGES.asks("encode_collaborative", "mem_mb", 4000),
        runtime=STAGES.asks("encode_collaborative", "minutes", 120),
        gpu=STAGES.asks("encode_collaborative", "gpus", 0),
    params:
        options=STAGES.seeded_options,
        code=STAGES.encoder_code("encode_collaborative.py"),
    script:
        "../scripts/encode_collaborative.py"


rule spatial_graph:
    input:
        catalogue=rules.prepare.output.catalogue,
        interactions=STAGES.interactions_of_graph,
    output:
        graph=PATHS.graph,
    log:
        f"{LOGS}/spatial_graph/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/spatial_graph/{{dataset}}/{{encoder}}.tsv"
    wildcard_constraints:
        encoder=STAGES.encoders_with("spatial"),
    conda:
        "../../envs/places.yaml"
    threads: STAGES.asks("spatial_graph", "threads", 1)
    resources:
        mem_mb=STAGES.asks("spatial_graph", "mem_mb", 4000),
        runtime=STAGES.asks("spatial_graph", "minutes", 60),
        gpu=STAGES.asks("spatial_graph", "gpus", 0),
    params:
        options=STAGES.graph_options,
        code=STAGES.graph_code,
    script:
        "../scripts/spatial_graph.py"


rule encode_spatial:
    input:
        catalogue=rules.prepare.output.catalogue,
        graph=rules.spatial_graph.output.graph,
    output:
        vectors=f"{PATHS.seeded_vectors}.npy",
        facts=f"{PATHS.seeded_vectors}.json",
    log:
        f"{LOGS}/encode_spatial/{{dataset}}/{{encoder}}-seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_spatial/{{dataset}}/{{encoder}}-seed{{seed}}.tsv"
    wildcard_constraints:
        encoder=STAGES.encoders_with("spatial"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/places.yaml"
    threads: STAGES.asks("encode_spatial", "threads", 1)
    resources:
        mem_mb=STAGES.asks("encode_spatial", "mem_mb", 8000),
        runtime=STAGES.asks("encode_spatial", "minutes", 480),
        gpu=STAGES.asks("encode_spatial", "gpus", 1),
    params:
        options=STAGES.seeded_options,
        code=STAGES.encoder_code("encode_spatial.py"),
    script:
        "../scripts/encode_spatial.py"


rule encode_recommender_items:
    input:
        model=STAGES.model_of_items,
        interactions=rules.prepare.output.interactions,
    output:
        vectors=f"{PATHS.seeded_vectors}.npy",
        facts=f"{PATHS.seeded_vectors}.json",
    log:
        f"{LOGS}/encode_recommender_items/{{dataset}}/{{encoder}}-seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_recommender_items/{{dataset}}/{{encoder}}-seed{{seed}}.tsv"
    wildcard_constraints:
        encoder=STAGES.encoders_with("recommender"),
    conda:
        "../../envs/training.yaml"
    threads: STAGES.asks("encode_recommender_items", "threads", 1)
    resources:
        mem_mb=STAGES.asks("encode_recommender_items", "mem_mb", 4000),
        runtime=STAGES.asks("encode_recommender_items", "minutes", 30),
        gpu=STAGES.asks("encode_recommender_items", "gpus", 0),
    params:
        options=STAGES.seeded_options,
        code=STAGES.encoder_code("encode_recommender_items.py"),
    script:
        "../scripts/encode_recommender_items.py"
