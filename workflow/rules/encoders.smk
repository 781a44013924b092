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
