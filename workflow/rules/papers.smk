"""Ranks and diagnostics to a paper's tables, figures and verdicts; and Table N of all papers in one file."""

# A paper's definition and printed numbers are no inputs, since a clone makes their times new: what a job reads of them
# stands in its params, the slice of the definition and the checksum of the numbers.


rule statistics_table:
    input:
        unpack(lambda wildcards: stats_of(wildcards.paper, [wildcards.exhibit])),
    output:
        csv=f"{PAPER}/{{exhibit}}.csv",
        markdown=f"{PAPER}/{{exhibit}}.md",
        latex=f"{PAPER}/{{exhibit}}.tex",
        html=report(
            f"{PAPER}/{{exhibit}}.html",
            category="{paper}",
            subcategory="tables",
            caption="../report/statistics_table.rst",
            labels={"result": "{exhibit}"},
        ),
        # Last: it tells of the others.
        provenance=f"{PAPER}/{{exhibit}}.provenance.json",
        provenance_page=report(
            f"{PAPER}/{{exhibit}}.provenance.html",
            category="{paper}",
            subcategory="provenance",
            caption="../report/provenance.rst",
            labels={"result": "{exhibit}"},
        ),
    log:
        f"{LOGS}/papers/{{paper}}/{{exhibit}}.log",
    wildcard_constraints:
        exhibit=exhibits_of(StatisticsTable),
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
        table=lambda wildcards: ordered(DEFINITIONS[wildcards.paper].tables[wildcards.exhibit].model_dump(mode="json")),
        datasets=lambda wildcards: names_of_stats(wildcards.paper, [wildcards.exhibit]),
        code=code("statistics_table.py"),
    script:
        "../scripts/statistics_table.py"


rule ranking_table:
    input:
        unpack(table_inputs),
    output:
        csv=f"{PAPER}/{{exhibit}}.csv",
        diagnostics=f"{PAPER}/{{exhibit}}-diagnostics.csv",
        markdown=f"{PAPER}/{{exhibit}}.md",
        latex=f"{PAPER}/{{exhibit}}.tex",
        html=report(
            f"{PAPER}/{{exhibit}}.html",
            category="{paper}",
            subcategory="tables",
            caption="../report/ranking_table.rst",
            labels={"result": "{exhibit}"},
        ),
        # Last: it tells of the others.
        provenance=f"{PAPER}/{{exhibit}}.provenance.json",
        provenance_page=report(
            f"{PAPER}/{{exhibit}}.provenance.html",
            category="{paper}",
            subcategory="provenance",
            caption="../report/provenance.rst",
            labels={"result": "{exhibit}"},
        ),
    log:
        f"{LOGS}/papers/{{paper}}/{{exhibit}}.log",
    benchmark:
        f"{BENCHMARKS}/papers/{{paper}}/{{exhibit}}.tsv"
    wildcard_constraints:
        exhibit=exhibits_of(RankingTable),
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
        table=lambda wildcards: ordered(DEFINITIONS[wildcards.paper].tables[wildcards.exhibit].model_dump(mode="json")),
        cells=lambda wildcards: as_params(cells_of(wildcards.paper, wildcards.exhibit)),
        datasets=lambda wildcards: names_of_stats(wildcards.paper, [wildcards.exhibit]),
        uncertainty=ordered(ENTRIES["evaluation"]),
        code=code("ranking_table.py"),
    script:
        "../scripts/ranking_table.py"


rule figure:
    input:
        unpack(figure_inputs),
    output:
        csv=f"{PAPER}/{{exhibit}}.csv",
        svg=report(
            f"{PAPER}/{{exhibit}}.svg",
            category="{paper}",
            subcategory="figures",
            caption="../report/figure.rst",
            labels={"result": "{exhibit}"},
        ),
        pdf=f"{PAPER}/{{exhibit}}.pdf",
    log:
        f"{LOGS}/papers/{{paper}}/{{exhibit}}.log",
    benchmark:
        f"{BENCHMARKS}/papers/{{paper}}/{{exhibit}}.tsv"
    wildcard_constraints:
        exhibit=figures_of_any(),
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
        figure=lambda wildcards: ordered(
            DEFINITIONS[wildcards.paper].figures[wildcards.exhibit].model_dump(mode="json")
        ),
        cells=lambda wildcards: as_params(cells_of(wildcards.paper, wildcards.exhibit)),
        datasets=lambda wildcards: names_of_stats(wildcards.paper, [wildcards.exhibit]),
        uncertainty=ordered(ENTRIES["evaluation"]),
        code=lambda wildcards: code("figure.py", FIGURES[kind_of(wildcards.paper, wildcards.exhibit)]),
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
        f"{LOGS}/papers/{{paper}}/claims.log",
    benchmark:
        f"{BENCHMARKS}/papers/{{paper}}/claims.tsv"
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
        datasets=lambda wildcards: names_of_stats(wildcards.paper, claim_exhibits(wildcards.paper)),
        uncertainty=ordered(ENTRIES["evaluation"]),
        code=code("claims.py"),
    script:
        "../scripts/claims.py"


rule stacked_table:
    input:
        stacked_inputs,
    output:
        csv=f"{RESULTS}/{{exhibit}}.csv",
        provenance=f"{RESULTS}/{{exhibit}}.provenance.json",
    log:
        f"{LOGS}/{{exhibit}}.log",
    wildcard_constraints:
        exhibit=r"table\d+",
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
        f"{RESULTS}/ro-crate.zip",
    log:
        f"{LOGS}/ro-crate.log",
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
