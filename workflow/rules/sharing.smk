"""What is made of the papers' results for others: pages of the documentation, the scoreboard, a crate; and what is taken of
others: their results, and what is published."""

import glob

from semtok.archive import take
from semtok.plan.published import addresses, models
from semtok.plan.shared import project_files


# A page of a paper's results in the documentation, asked for by name: `snakemake ... -- docs/results/cost.md`, or, beside
# that of another config, docs/results/cost-beauty.md.
rule figure_of_page:
    input:
        f"{EXHIBIT}.svg",
    output:
        PATHS.page_figure,
    log:
        f"{LOGS}/pages/{{paper}}{{about}}-{{exhibit}}.log",
    wildcard_constraints:
        paper=PAPERS.pattern,
        about=PATHS.about,
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
        tables=lambda wildcards: PAPERS.shown(wildcards.paper, "tables", f"{EXHIBIT}.md"),
        figures=lambda wildcards: [
            *PAPERS.shown(wildcards.paper, "figures", PATHS.page_figure.replace("{about}", wildcards.about)),
            *PAPERS.strata(wildcards.paper, PATHS.page_figure.replace("{about}", wildcards.about)),
        ],
        captions=lambda wildcards: [
            *PAPERS.shown(wildcards.paper, "figures", f"{EXHIBIT}.md"),
            *PAPERS.strata(wildcards.paper, f"{EXHIBIT}.md"),
        ],
        claims=f"{CLAIMS}.md",
        # Written by hand, and by scripts of benchmarks/; a page can do without.
        conclusions=lambda wildcards: glob.glob(PATHS.conclusions.format(**wildcards)),
        experiments=lambda wildcards: glob.glob(PATHS.experiments.format(**wildcards)),
    output:
        PATHS.page,
    log:
        f"{LOGS}/pages/{{paper}}{{about}}.log",
    wildcard_constraints:
        paper=PAPERS.pattern,
        about=PATHS.about,
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=0,
    params:
        title=lambda wildcards: PAPERS.definition(wildcards.paper).title + wildcards.about.replace("-", ", "),
        code=code("results_page.py"),
    script:
        "../scripts/results_page.py"


rule scoreboard:
    input:
        claims=PAPERS.verdicts(rules.claims.output.csv),
        comparisons=PAPERS.verdicts(rules.claims.output.comparisons),
        tables=PAPERS.rankings(rules.ranking_table.output.csv),
        provenance=PAPERS.rankings(rules.ranking_table.output.provenance),
        histories=lambda wildcards: PAPERS.histories(),
    output:
        report(
            f"{RESULTS}/report/index.html",
            category="Scoreboard",
            caption="../report/scoreboard.rst",
            labels={"result": "which claims hold, and every number"},
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
        **dict.fromkeys(TABLES, rules.table.output),
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
        # They are shared, too; no inputs, since a clone makes their times new.
        sources=lambda wildcards: project_files(),
        config=ordered(ENTRIES),
        code=code("ro_crate.py"),
    script:
        "../scripts/ro_crate.py"


# Asked for by name: `snakemake --config archive=FILE -- fetch`.
rule fetch:
    input:
        STAGES.archived,
    log:
        f"{LOGS}/fetch.log",
    localrule: True
    threads: 1
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(60),
        gpu=0,
    run:
        take(Path(CONFIG.archive), Path(RESULTS), DRIVER.params_of, log[0])


# A job of a minute before those of days, on a node like theirs: `snakemake --profile slurm preflight`.
rule preflight:
    log:
        f"{LOGS}/preflight.log",
    retries: 0
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(15),
        gpu=1,
    params:
        addresses=lambda wildcards: addresses(PAPERS),
        models=lambda wildcards: [list(model) for model in models(PAPERS)],
    script:
        "../scripts/preflight.py"
