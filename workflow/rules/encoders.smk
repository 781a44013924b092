"""Items to vectors: one float32 array a modality, NaN rows for items that lack it."""


# Of a dataset with shards, the networks for text and images run as several jobs; everything else is one job.
ruleorder: gather_text > encode_text
ruleorder: gather_image > encode_image


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
        vectors=f"{VECTORS}.npy",
        facts=f"{VECTORS}.json",
    log:
        f"{LOGS}/encode_image/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_image/{{dataset}}/{{encoder}}.tsv"
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


rule encode_text_shard:
    input:
        catalogue=rules.prepare.output.catalogue,
    output:
        vectors=f"{VECTORS}.shards/{{shard}}-of-{{shards}}.npy",
        facts=f"{VECTORS}.shards/{{shard}}-of-{{shards}}.json",
    log:
        f"{LOGS}/encode_text_shard/{{dataset}}/{{encoder}}/{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_text_shard/{{dataset}}/{{encoder}}/{{shard}}-of-{{shards}}.tsv"
    wildcard_constraints:
        encoder=scattered("text"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/text.yaml"
    threads: threads_of("encode_text_shard")
    resources:
        mem_mb=memory("encode_text_shard"),
        runtime=minutes("encode_text_shard"),
        gpu=gpus("encode_text_shard"),
    params:
        options=lambda wildcards: ordered(options("encoders", wildcards.encoder)),
        text_fields=lambda wildcards: ENTRIES["datasets"][wildcards.dataset]["text_fields"],
        code=encoder_code("encode_text_shard.py"),
    script:
        "../scripts/encode_text_shard.py"


rule gather_text:
    input:
        catalogue=rules.prepare.output.catalogue,
        vectors=parts("npy"),
        facts=parts("json"),
    output:
        vectors=f"{VECTORS}.npy",
        facts=f"{VECTORS}.json",
    log:
        f"{LOGS}/gather_text/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/gather_text/{{dataset}}/{{encoder}}.tsv"
    wildcard_constraints:
        dataset=large_datasets(),
        encoder=scattered("text"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/text.yaml"
    threads: threads_of("gather")
    resources:
        mem_mb=memory("gather"),
        runtime=minutes("gather"),
        gpu=gpus("gather"),
    params:
        options=lambda wildcards: ordered(options("encoders", wildcards.encoder)),
        text_fields=lambda wildcards: ENTRIES["datasets"][wildcards.dataset]["text_fields"],
        code=code("gather_text.py"),
    script:
        "../scripts/gather_text.py"


rule encode_image_shard:
    input:
        manifest=rules.fetch_images.output.manifest,
        weights=image_weights,
    output:
        vectors=f"{VECTORS}.shards/{{shard}}-of-{{shards}}.npy",
        facts=f"{VECTORS}.shards/{{shard}}-of-{{shards}}.json",
    log:
        f"{LOGS}/encode_image_shard/{{dataset}}/{{encoder}}/{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_image_shard/{{dataset}}/{{encoder}}/{{shard}}-of-{{shards}}.tsv"
    wildcard_constraints:
        encoder=scattered("image"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/images.yaml"
    threads: threads_of("encode_image_shard")
    resources:
        mem_mb=memory("encode_image_shard"),
        runtime=minutes("encode_image_shard"),
        gpu=gpus("encode_image_shard"),
    params:
        options=lambda wildcards: ordered(options("encoders", wildcards.encoder)),
        code=encoder_code("encode_image_shard.py"),
    script:
        "../scripts/encode_image_shard.py"


rule gather_image:
    input:
        manifest=rules.fetch_images.output.manifest,
        vectors=parts("npy"),
        facts=parts("json"),
    output:
        vectors=f"{VECTORS}.npy",
        facts=f"{VECTORS}.json",
    log:
        f"{LOGS}/gather_image/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/gather_image/{{dataset}}/{{encoder}}.tsv"
    wildcard_constraints:
        dataset=large_datasets(),
        encoder=scattered("image"),
    priority: PRIORITY_OF_ENCODERS
    conda:
        "../../envs/images.yaml"
    threads: threads_of("gather")
    resources:
        mem_mb=memory("gather"),
        runtime=minutes("gather"),
        gpu=gpus("gather"),
    params:
        options=lambda wildcards: ordered(options("encoders", wildcards.encoder)),
        code=code("gather_image.py"),
    script:
        "../scripts/gather_image.py"


rule encode_collaborative:
    input:
        catalogue=rules.prepare.output.catalogue,
        interactions=rules.prepare.output.interactions,
    output:
        vectors=f"{VECTORS}.npy",
        facts=f"{VECTORS}.json",
    log:
        f"{LOGS}/encode_collaborative/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_collaborative/{{dataset}}/{{encoder}}.tsv"
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
        graph=f"{VECTORS}.graph.npz",
    log:
        f"{LOGS}/spatial_graph/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/spatial_graph/{{dataset}}/{{encoder}}.tsv"
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
        options=STAGES.graph_options,
        code=STAGES.graph_code,
    script:
        "../scripts/spatial_graph.py"


rule encode_spatial:
    input:
        catalogue=rules.prepare.output.catalogue,
        graph=rules.spatial_graph.output.graph,
    output:
        vectors=f"{VECTORS}.npy",
        facts=f"{VECTORS}.json",
    log:
        f"{LOGS}/encode_spatial/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_spatial/{{dataset}}/{{encoder}}.tsv"
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
        vectors=f"{VECTORS}.npy",
        facts=f"{VECTORS}.json",
    log:
        f"{LOGS}/encode_recommender_items/{{dataset}}/{{encoder}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_recommender_items/{{dataset}}/{{encoder}}.tsv"
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
