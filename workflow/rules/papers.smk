"""Ranks and diagnostics to a paper's tables, figures and verdicts; and Table N of all papers in one file."""

from dataclasses import asdict

from semtok.files import sha256
from semtok.papers.definition import RankingTable, StatisticsTable

# A paper's definition and printed numbers are no inputs, since a clone makes their times new: what a job reads of them
# stands in its params, the slice of the definition and the checksum of the numbers.

PAPER = "results/papers/{paper}"


def places_of(kind):
    """Ids of the tables of one kind, of any paper, as a pattern."""
    names = {name for paper in DEFINITIONS.values() for name, table in paper.tables.items() if isinstance(table, kind)}
    return "|".join(sorted(names)) or "none"


def figures_of_any():
    return "|".join(sorted({name for paper in DEFINITIONS.values() for name in paper.figures})) or "none"


def cells_of(paper, place):
    """Every method on every dataset of a table or figure, with its runs."""
    return plan.cells(DEFINITIONS[paper], CONFIG.papers[paper], place, CONFIG.seeds, ENTRIES["tokenizers"])


def cells_of_claims(paper):
    return plan.claim_cells(DEFINITIONS[paper], CONFIG.papers[paper], CONFIG.seeds, ENTRIES["tokenizers"])


def files_of_runs(cells, *names):
    """Files of every run of `cells`; those of the tokenizer and those of the recommender know their folders."""
    patterns = {
        "diagnostics": rules.diagnose.output[0],
        "ranks": rules.decode.output.ranks,
        "facts": rules.decode.output.facts,
    }
    return {name: [patterns[name].format(**asdict(run)) for run in plan.runs(cells)] for name in names}


def stats_of(paper, places):
    """The statistics of the datasets that `places` show."""
    found = {}
    for place in places:
        found |= plan.datasets(DEFINITIONS[paper], CONFIG.papers[paper], place)
    return {"stats": [rules.prepare.output.stats.format(dataset=entry) for entry in found.values()]}


def names_of_stats(paper, places):
    """The printed names of those datasets, in the same order."""
    return list(
        dict.fromkeys(
            name for place in places for name in plan.datasets(DEFINITIONS[paper], CONFIG.papers[paper], place)
        )
    )


def table_inputs(wildcards):
    cells = cells_of(wildcards.paper, wildcards.place)
    return files_of_runs(cells, "ranks", "diagnostics", "facts") | stats_of(wildcards.paper, [wildcards.place])


def figure_inputs(wildcards):
    cells = cells_of(wildcards.paper, wildcards.place)
    return files_of_runs(cells, "ranks") | stats_of(wildcards.paper, [wildcards.place])


def claim_places(paper):
    return list(dict.fromkeys(claim.place for claim in DEFINITIONS[paper].claims))


def claims_inputs(wildcards):
    cells = cells_of_claims(wildcards.paper)
    return files_of_runs(cells, "ranks", "diagnostics") | stats_of(wildcards.paper, claim_places(wildcards.paper))


def as_params(cells):
    return ordered([cell.as_dict() for cell in cells])


def stacked_inputs(wildcards):
    """Table N of the papers that the config builds it for."""
    return [
        f"results/papers/{name}/{wildcards.place}.csv"
        for name, paper in CONFIG.papers.items()
        if wildcards.place in paper.tables
    ]


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
    log:
        "results/logs/papers/{paper}/{place}.log",
    wildcard_constraints:
        place=places_of(RankingTable),
    conda:
        "../../envs/data.yaml"
    threads: threads_of("paper")
    resources:
        mem_mb=memory("paper"),
        runtime=minutes("paper"),
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
    wildcard_constraints:
        place=figures_of_any(),
    conda:
        "../../envs/data.yaml"
    threads: threads_of("paper")
    resources:
        mem_mb=memory("paper"),
        runtime=minutes("paper"),
    params:
        definition=lambda wildcards: f"config/papers/{wildcards.paper}.yaml",
        printed=lambda wildcards: f"config/papers/{wildcards.paper}-printed.csv",
        printed_numbers=lambda wildcards: sha256(ROOT / f"config/papers/{wildcards.paper}-printed.csv"),
        figure=lambda wildcards: ordered(DEFINITIONS[wildcards.paper].figures[wildcards.place].model_dump(mode="json")),
        cells=lambda wildcards: as_params(cells_of(wildcards.paper, wildcards.place)),
        datasets=lambda wildcards: names_of_stats(wildcards.paper, [wildcards.place]),
        uncertainty=ordered(ENTRIES["evaluation"]),
        code=code("figure.py"),
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
    conda:
        "../../envs/data.yaml"
    threads: threads_of("paper")
    resources:
        mem_mb=memory("paper"),
        runtime=minutes("paper"),
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
        "results/{place}.csv",
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
    params:
        code=code("stack.py"),
    script:
        "../scripts/stack.py"


def everything():
    """What plain `snakemake` makes: every result of every paper, and the scores of every run."""
    wanted = []
    for name, paper in CONFIG.papers.items():
        folder = PAPER.format(paper=name)
        wanted += [f"{folder}/{table}.csv" for table in paper.tables]
        wanted += [f"{folder}/{figure}.svg" for figure in paper.figures]
        wanted.append(f"{folder}/claims.csv")
        for place in paper.tables + paper.figures:
            wanted += [f"{RUN}/scores.csv".format(**asdict(run)) for run in plan.runs(cells_of(name, place))]
    wanted += [f"results/{table}.csv" for paper in CONFIG.papers.values() for table in paper.tables]
    return list(dict.fromkeys(wanted))
