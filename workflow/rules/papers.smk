"""Metrics and diagnostics to a paper's tables, figures and verdicts; and Table N of all papers in one file."""

from semtok.plan.exhibits import Exhibits

# A paper's definition and printed numbers are no inputs, since a clone makes their times new: what a job shows of them
# stands in its params.
PAPERS = Exhibits(CONFIG, DEFINITIONS, ROOT / "config" / "papers", PATHS)


rule table:
    input:
        unpack(lambda wildcards: PAPERS.inputs(wildcards.paper, wildcards.exhibit)),
    output:
        csv=f"{EXHIBIT}.csv",
        markdown=f"{EXHIBIT}.md",
        latex=f"{EXHIBIT}.tex",
        html=in_report(f"{EXHIBIT}.html", "tables", "table"),
        # Last: it tells of the others.
        provenance=f"{EXHIBIT}.provenance.json",
        provenance_page=in_report(f"{EXHIBIT}.provenance.html", "provenance", "provenance"),
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
        csv=f"{EXHIBIT}.csv",
        diagnostics=f"{EXHIBIT}-diagnostics.csv",
        strata=f"{EXHIBIT}-strata.csv",
        strata_svg=f"{EXHIBIT}-strata.svg",
        strata_pdf=f"{EXHIBIT}-strata.pdf",
        strata_markdown=f"{EXHIBIT}-strata.md",
        strata_html=in_report(f"{EXHIBIT}-strata.html", "strata", "strata"),
        markdown=f"{EXHIBIT}.md",
        latex=f"{EXHIBIT}.tex",
        html=in_report(f"{EXHIBIT}.html", "tables", "ranking_table"),
        # Last: it tells of the others.
        provenance=f"{EXHIBIT}.provenance.json",
        provenance_page=in_report(f"{EXHIBIT}.provenance.html", "provenance", "provenance"),
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
        csv=f"{EXHIBIT}.csv",
        svg=f"{EXHIBIT}.svg",
        pdf=f"{EXHIBIT}.pdf",
        markdown=f"{EXHIBIT}.md",
        html=in_report(f"{EXHIBIT}.html", "figures", "figure"),
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
        csv=f"{CLAIMS}.csv",
        comparisons=f"{CLAIMS}-comparisons.csv",
        markdown=f"{CLAIMS}.md",
        html=in_report(f"{CLAIMS}.html", "claims", "claims", "claims"),
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
