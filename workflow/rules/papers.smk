"""Ranks and diagnostics to a paper's tables, figures and verdicts; and Table N of all papers in one file."""

# A paper's definition and printed numbers are no inputs, since a clone makes their times new: what a job reads of them
# stands in its params, the slice of the definition and the checksum of the numbers.


rule statistics_table:
    input:
        unpack(lambda wildcards: stats_of(wildcards.paper, [wildcards.place])),
    output:
        csv=f"{PAPER}/{{place}}.csv",
        markdown=f"{PAPER}/{{place}}.md",
        latex=f"{PAPER}/{{place}}.tex",
        html=report(
            f"{PAPER}/{{place}}.html",
            category="{paper}",
            subcategory="tables",
            caption="../report/statistics_table.rst",
            labels={"result": "{place}"},
        ),
        # Last: it tells of the others.
        provenance=f"{PAPER}/{{place}}.provenance.json",
        provenance_page=report(
            f"{PAPER}/{{place}}.provenance.html",
            category="{paper}",
            subcategory="provenance",
            caption="../report/provenance.rst",
            labels={"result": "{place}"},
        ),
    log:
        "results/logs/papers/{paper}/{place}.log",
    wildcard_constraints:
        place=places_of(StatisticsTable),
    conda:
        "../../envs/data.yaml"
    threads: threads_of("paper")
    resources:
        mem_mb=memory("paper"),
        runtime=minutes("paper"),
        gpu=gpus("paper"),
    params:
        definition=lambda wildcards: f"config/papers/{wildcards.paper}.yaml",
        printed=lambda wildcards: f"config/papers/{wildcards.paper}-printed.csv",
        printed_numbers=lambda wildcards: sha256(ROOT / f"config/papers/{wildcards.paper}-printed.csv"),
        table=lambda wildcards: ordered(DEFINITIONS[wildcards.paper].tables[wildcards.place].model_dump(mode="json")),
        datasets=lambda wildcards: names_of_stats(wildcards.paper, [wildcards.place]),
        code=code("statistics_table.py"),
    script:
        "../scripts/statistics_table.py"


rule ranking_table:
    input:
        unpack(table_inputs),
    output:
        csv=f"{PAPER}/{{place}}.csv",
        diagnostics=f"{PAPER}/{{place}}-diagnostics.csv",
        markdown=f"{PAPER}/{{place}}.md",
        latex=f"{PAPER}/{{place}}.tex",
        html=report(
            f"{PAPER}/{{place}}.html",
            category="{paper}",
            subcategory="tables",
            caption="../report/ranking_table.rst",
            labels={"result": "{place}"},
        ),
        # Last: it tells of the others.
        provenance=f"{PAPER}/{{place}}.provenance.json",
        provenance_page=report(
            f"{PAPER}/{{place}}.provenance.html",
            category="{paper}",
            subcategory="provenance",
            caption="../report/provenance.rst",
            labels={"result": "{place}"},
        ),
    log:
        "results/logs/papers/{paper}/{place}.log",
    benchmark:
        "results/benchmarks/papers/{paper}/{place}.tsv"
    wildcard_constraints:
        place=places_of(RankingTable),
    conda:
        "../../envs/data.yaml"
    threads: threads_of("paper")
    resources:
        mem_mb=memory("paper"),
        runtime=minutes("paper"),
        gpu=gpus("paper"),
    params:
        definition=lambda wildcards: f"config/papers/{wildcards.paper}.yaml",
        printed=lambda wildcards: f"config/papers/{wildcards.paper}-printed.csv",
        printed_numbers=lambda wildcards: sha256(ROOT / f"config/papers/{wildcards.paper}-printed.csv"),
        table=lambda wildcards: ordered(DEFINITIONS[wildcards.paper].tables[wildcards.place].model_dump(mode="json")),
        cells=lambda wildcards: as_params(cells_of(wildcards.paper, wildcards.place)),
        datasets=lambda wildcards: names_of_stats(wildcards.paper, [wildcards.place]),
        uncertainty=ordered(ENTRIES["evaluation"]),
        code=code("ranking_table.py"),
    script:
        "../scripts/ranking_table.py"


rule figure:
    input:
        unpack(figure_inputs),
    output:
        csv=f"{PAPER}/{{place}}.csv",
        svg=report(
            f"{PAPER}/{{place}}.svg",
            category="{paper}",
            subcategory="figures",
            caption="../report/figure.rst",
            labels={"result": "{place}"},
        ),
        pdf=f"{PAPER}/{{place}}.pdf",
    log:
        "results/logs/papers/{paper}/{place}.log",
    benchmark:
        "results/benchmarks/papers/{paper}/{place}.tsv"
    wildcard_constraints:
        place=figures_of_any(),
    conda:
        "../../envs/data.yaml"
    threads: threads_of("paper")
    resources:
        mem_mb=memory("paper"),
        runtime=minutes("paper"),
        gpu=gpus("paper"),
    params:
        definition=lambda wildcards: f"config/papers/{wildcards.paper}.yaml",
        printed=lambda wildcards: f"config/papers/{wildcards.paper}-printed.csv",
        printed_numbers=lambda wildcards: sha256(ROOT / f"config/papers/{wildcards.paper}-printed.csv"),
        figure=lambda wildcards: ordered(DEFINITIONS[wildcards.paper].figures[wildcards.place].model_dump(mode="json")),
        cells=lambda wildcards: as_params(cells_of(wildcards.paper, wildcards.place)),
        datasets=lambda wildcards: names_of_stats(wildcards.paper, [wildcards.place]),
        uncertainty=ordered(ENTRIES["evaluation"]),
        code=lambda wildcards: code("figure.py", FIGURES[kind_of(wildcards.paper, wildcards.place)]),
    script:
        "../scripts/figure.py"


rule claims:
    input:
        unpack(claims_inputs),
    output:
        csv=f"{PAPER}/claims.csv",
        markdown=f"{PAPER}/claims.md",
        html=report(
            f"{PAPER}/claims.html",
            category="{paper}",
            subcategory="claims",
            caption="../report/claims.rst",
            labels={"result": "claims"},
        ),
    log:
        "results/logs/papers/{paper}/claims.log",
    benchmark:
        "results/benchmarks/papers/{paper}/claims.tsv"
    conda:
        "../../envs/data.yaml"
    threads: threads_of("paper")
    resources:
        mem_mb=memory("paper"),
        runtime=minutes("paper"),
        gpu=gpus("paper"),
    params:
        definition=lambda wildcards: f"config/papers/{wildcards.paper}.yaml",
        printed=lambda wildcards: f"config/papers/{wildcards.paper}-printed.csv",
        printed_numbers=lambda wildcards: sha256(ROOT / f"config/papers/{wildcards.paper}-printed.csv"),
        claims=lambda wildcards: ordered(
            [claim.model_dump(mode="json") for claim in DEFINITIONS[wildcards.paper].claims]
        ),
        cells=lambda wildcards: as_params(cells_of_claims(wildcards.paper)),
        datasets=lambda wildcards: names_of_stats(wildcards.paper, claim_places(wildcards.paper)),
        uncertainty=ordered(ENTRIES["evaluation"]),
        code=code("claims.py"),
    script:
        "../scripts/claims.py"


rule stacked_table:
    input:
        stacked_inputs,
    output:
        csv="results/{place}.csv",
        provenance="results/{place}.provenance.json",
    log:
        "results/logs/{place}.log",
    wildcard_constraints:
        place=r"table\d+",
    conda:
        "../../envs/data.yaml"
    threads: threads_of("paper")
    resources:
        mem_mb=memory("paper"),
        runtime=minutes("paper"),
        gpu=gpus("paper"),
    params:
        code=code("stack.py"),
    script:
        "../scripts/stack.py"


rule ro_crate:
    input:
        shared(),
    output:
        "results/ro-crate.zip",
    log:
        "results/logs/ro-crate.log",
    conda:
        "../../envs/data.yaml"
    threads: threads_of("paper")
    resources:
        mem_mb=memory("paper"),
        runtime=minutes("paper"),
        gpu=gpus("paper"),
    params:
        config=ordered(ENTRIES),
        code=code("ro_crate.py"),
    script:
        "../scripts/ro_crate.py"
