"""Metrics and diagnostics to a paper's tables, figures and verdicts; and Table N of all papers in one file."""

from semtok.plan.exhibits import Exhibits

# A paper's definition and printed numbers are no inputs, since a clone makes their times new: what a job shows of them
# stands in its params.
PAPERS = Exhibits(CONFIG, DEFINITIONS, ROOT / "config" / "papers", PATHS)


rule table:
    input:
        unpack(lambda wildcards: PAPERS.inputs(wildcards.paper, wildcards.exhibit)),
    output:
        csv=f"{PAPER}/{{exhibit}}.csv",
        markdown=f"{PAPER}/{{exhibit}}.md",
        latex=f"{PAPER}/{{exhibit}}.tex",
        html=in_report(f"{PAPER}/{{exhibit}}.html", "tables", "table"),
        # Last: it tells of the others.
        provenance=f"{PAPER}/{{exhibit}}.provenance.json",
        provenance_page=in_report(f"{PAPER}/{{exhibit}}.provenance.html", "provenance", "provenance"),
    log:
        f"{LOGS}/papers/{{paper}}/{{exhibit}}.log",
    wildcard_constraints:
        **PAPERS.constraints(*TABLES),
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        shown=lambda wildcards: PAPERS.params(wildcards.paper, wildcards.exhibit),
        code=lambda wildcards: code("table.py", TABLES[PAPERS.kind(wildcards.paper, wildcards.exhibit)]),
    script:
        "../scripts/table.py"


rule ranking_table:
    input:
        unpack(lambda wildcards: PAPERS.inputs(wildcards.paper, wildcards.exhibit)),
    output:
        csv=f"{PAPER}/{{exhibit}}.csv",
        diagnostics=f"{PAPER}/{{exhibit}}-diagnostics.csv",
        strata=f"{PAPER}/{{exhibit}}-strata.csv",
        strata_svg=f"{PAPER}/{{exhibit}}-strata.svg",
        strata_pdf=f"{PAPER}/{{exhibit}}-strata.pdf",
        strata_markdown=f"{PAPER}/{{exhibit}}-strata.md",
        strata_html=in_report(f"{PAPER}/{{exhibit}}-strata.html", "strata", "strata"),
        markdown=f"{PAPER}/{{exhibit}}.md",
        latex=f"{PAPER}/{{exhibit}}.tex",
        html=in_report(f"{PAPER}/{{exhibit}}.html", "tables", "ranking_table"),
        # Last: it tells of the others.
        provenance=f"{PAPER}/{{exhibit}}.provenance.json",
        provenance_page=in_report(f"{PAPER}/{{exhibit}}.provenance.html", "provenance", "provenance"),
    log:
        f"{LOGS}/papers/{{paper}}/{{exhibit}}.log",
    benchmark:
        f"{BENCHMARKS}/papers/{{paper}}/{{exhibit}}.tsv"
    wildcard_constraints:
        **PAPERS.constraints("ranking"),
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        shown=lambda wildcards: PAPERS.params(wildcards.paper, wildcards.exhibit),
        code=code("ranking_table.py"),
    script:
        "../scripts/ranking_table.py"


rule figure:
    input:
        unpack(lambda wildcards: PAPERS.inputs(wildcards.paper, wildcards.exhibit)),
    output:
        csv=f"{PAPER}/{{exhibit}}.csv",
        svg=f"{PAPER}/{{exhibit}}.svg",
        pdf=f"{PAPER}/{{exhibit}}.pdf",
        markdown=f"{PAPER}/{{exhibit}}.md",
        html=in_report(f"{PAPER}/{{exhibit}}.html", "figures", "figure"),
    log:
        f"{LOGS}/papers/{{paper}}/{{exhibit}}.log",
    benchmark:
        f"{BENCHMARKS}/papers/{{paper}}/{{exhibit}}.tsv"
    wildcard_constraints:
        **PAPERS.constraints(*FIGURES),
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        shown=lambda wildcards: PAPERS.params(wildcards.paper, wildcards.exhibit),
        code=lambda wildcards: code("figure.py", FIGURES[PAPERS.kind(wildcards.paper, wildcards.exhibit)]),
    script:
        "../scripts/figure.py"


rule claims:
    input:
        unpack(lambda wildcards: PAPERS.inputs(wildcards.paper, "claims")),
    output:
        csv=f"{PAPER}/claims.csv",
        comparisons=f"{PAPER}/claims-comparisons.csv",
        markdown=f"{PAPER}/claims.md",
        html=in_report(f"{PAPER}/claims.html", "claims", "claims", "claims"),
    log:
        f"{LOGS}/papers/{{paper}}/claims.log",
    benchmark:
        f"{BENCHMARKS}/papers/{{paper}}/claims.tsv"
    wildcard_constraints:
        paper=PAPERS.constraints("claims")["paper"],
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        shown=lambda wildcards: PAPERS.params(wildcards.paper, "claims"),
        code=code("claims.py"),
    script:
        "../scripts/claims.py"


rule stacked_table:
    input:
        lambda wildcards: PAPERS.stacked(wildcards.exhibit),
    output:
        csv=f"{RESULTS}/{{exhibit}}.csv",
        provenance=f"{RESULTS}/{{exhibit}}.provenance.json",
    log:
        f"{LOGS}/{{exhibit}}.log",
    wildcard_constraints:
        exhibit=r"table\d+(-[a-z]+)*",
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        code=code("stack.py"),
    script:
        "../scripts/stack.py"
