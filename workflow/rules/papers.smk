"""Scores and diagnostics to a paper's tables, figures and verdicts; and Table N of all papers in one file."""

import glob

from semtok.plan.exhibits import Exhibits

# A paper's definition and printed numbers are no inputs, since a clone makes their times new: what a job shows of them
# stands in its params.
PAPERS = Exhibits(CONFIG, DEFINITIONS, ROOT / "config" / "papers", PATHS)


rule statistics_table:
    input:
        unpack(lambda wildcards: PAPERS.inputs(wildcards.paper, wildcards.exhibit)),
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
        **PAPERS.constraints("statistics"),
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        shown=lambda wildcards: PAPERS.params(wildcards.paper, wildcards.exhibit),
        code=code("statistics_table.py"),
    script:
        "../scripts/statistics_table.py"


rule attributes_table:
    input:
        unpack(lambda wildcards: PAPERS.inputs(wildcards.paper, wildcards.exhibit)),
    output:
        csv=f"{PAPER}/{{exhibit}}.csv",
        markdown=f"{PAPER}/{{exhibit}}.md",
        latex=f"{PAPER}/{{exhibit}}.tex",
        html=report(
            f"{PAPER}/{{exhibit}}.html",
            category="{paper}",
            subcategory="tables",
            caption="../report/attributes_table.rst",
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
        **PAPERS.constraints("attributes"),
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        shown=lambda wildcards: PAPERS.params(wildcards.paper, wildcards.exhibit),
        code=code("attributes_table.py"),
    script:
        "../scripts/attributes_table.py"


rule scoring_table:
    input:
        unpack(lambda wildcards: PAPERS.inputs(wildcards.paper, wildcards.exhibit)),
    output:
        csv=f"{PAPER}/{{exhibit}}.csv",
        markdown=f"{PAPER}/{{exhibit}}.md",
        latex=f"{PAPER}/{{exhibit}}.tex",
        html=report(
            f"{PAPER}/{{exhibit}}.html",
            category="{paper}",
            subcategory="tables",
            caption="../report/scoring_table.rst",
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
        **PAPERS.constraints("scoring"),
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        shown=lambda wildcards: PAPERS.params(wildcards.paper, wildcards.exhibit),
        code=code("scoring_table.py"),
    script:
        "../scripts/scoring_table.py"


rule ranking_table:
    input:
        unpack(lambda wildcards: PAPERS.inputs(wildcards.paper, wildcards.exhibit)),
    output:
        csv=f"{PAPER}/{{exhibit}}.csv",
        diagnostics=f"{PAPER}/{{exhibit}}-diagnostics.csv",
        strata=f"{PAPER}/{{exhibit}}-strata.csv",
        strata_svg=report(
            f"{PAPER}/{{exhibit}}-strata.svg",
            category="{paper}",
            subcategory="strata",
            caption="../report/strata.rst",
            labels={"result": "{exhibit}"},
        ),
        strata_pdf=f"{PAPER}/{{exhibit}}-strata.pdf",
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


# A page of a paper's results in the documentation, asked for by name: `snakemake ... -- docs/results/cost.md`.
rule figure_of_page:
    input:
        f"{PAPER}/{{exhibit}}.svg",
    output:
        "docs/results/{paper}-{exhibit}.svg",
    log:
        f"{LOGS}/pages/{{paper}}-{{exhibit}}.log",
    wildcard_constraints:
        paper=PAPERS.pattern,
        exhibit=r"figure\w+|table[\w-]+-strata",
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        code=code("copy_figure.py"),
    script:
        "../scripts/copy_figure.py"


rule results_page:
    input:
        tables=lambda wildcards: PAPERS.shown(wildcards.paper, "tables", f"{PAPER}/{{exhibit}}.md"),
        figures=lambda wildcards: [
            *PAPERS.shown(wildcards.paper, "figures", "docs/results/{paper}-{exhibit}.svg"),
            *PAPERS.strata(wildcards.paper, "docs/results/{paper}-{exhibit}.svg"),
        ],
        claims=f"{PAPER}/claims.md",
        # Written by hand; a page can do without.
        conclusions=lambda wildcards: glob.glob(f"docs/results/{wildcards.paper}-conclusions.md"),
    output:
        "docs/results/{paper}.md",
    log:
        f"{LOGS}/pages/{{paper}}.log",
    wildcard_constraints:
        paper=PAPERS.pattern,
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        title=lambda wildcards: PAPERS.definition(wildcards.paper).title,
        code=code("results_page.py"),
    script:
        "../scripts/results_page.py"


rule scoreboard:
    input:
        claims=PAPERS.verdicts(rules.claims.output.csv),
        comparisons=PAPERS.verdicts(rules.claims.output.comparisons),
        tables=PAPERS.rankings(rules.ranking_table.output.csv),
    output:
        report(
            f"{RESULTS}/report/index.html",
            category="Scoreboard",
            caption="../report/scoreboard.rst",
            labels={"result": "which claims hold"},
        ),
    log:
        f"{LOGS}/scoreboard.log",
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        code=code("scoreboard.py"),
    script:
        "../scripts/scoreboard.py"


# What plain `snakemake` makes, and what is shared with others.
EVERYTHING = PAPERS.results(
    {
        "statistics": rules.statistics_table.output,
        "attributes": rules.attributes_table.output,
        "scoring": rules.scoring_table.output,
        "ranking": rules.ranking_table.output,
        **dict.fromkeys(FIGURES, rules.figure.output),
        "claims": rules.claims.output,
        "stacked": rules.stacked_table.output,
        "scoreboard": rules.scoreboard.output,
    }
)


rule ro_crate:
    input:
        EVERYTHING,
    output:
        f"{RESULTS}/ro-crate.zip",
    log:
        f"{LOGS}/ro-crate.log",
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        config=ordered(ENTRIES),
        code=code("ro_crate.py"),
    script:
        "../scripts/ro_crate.py"
