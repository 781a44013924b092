"""What tables, figures and claims read: functions, no rules."""

from dataclasses import asdict

from semtok.plan import cells as plan
from semtok.plan.definition import RankingTable, StatisticsTable


def exhibits_of(kind):
    """Ids of the tables of one kind, of any paper, as a pattern."""
    names = {name for paper in DEFINITIONS.values() for name, table in paper.tables.items() if isinstance(table, kind)}
    return "|".join(sorted(names)) or "none"


def figures_of_any():
    return "|".join(sorted({name for paper in DEFINITIONS.values() for name in paper.figures})) or "none"


def cells_of(paper, exhibit):
    """Every method on every dataset of a table or figure, with its runs."""
    tokenizers, recommenders = ENTRIES["tokenizers"], ENTRIES["recommenders"]
    found = plan.cells(DEFINITIONS[paper], CONFIG.papers[paper], exhibit, CONFIG.seeds, tokenizers, recommenders)
    return plan.with_remarks(found, tokenizers, ENTRIES["encoders"])


def cells_of_claims(paper):
    tokenizers, recommenders = ENTRIES["tokenizers"], ENTRIES["recommenders"]
    found = plan.claim_cells(DEFINITIONS[paper], CONFIG.papers[paper], CONFIG.seeds, tokenizers, recommenders)
    return plan.with_remarks(found, tokenizers, ENTRIES["encoders"])


def files_of_runs(cells, *names):
    """Files of the runs of `cells`, each of those runs that are asked for it; patterns know their folders."""
    ranked, coded = plan.runs(cells, "ranks"), plan.coded(cells)
    files = {
        "ranks": (rules.decode.output.ranks, ranked),
        "facts": (rules.decode.output.facts, ranked),
        "diagnostics": (rules.diagnose.output[0], coded),
        "codes": (rules.tokenize.output.codes, coded),
        "model": (rules.tokenize.output.model, coded),
        "history": (rules.tokenize.output.history, plan.runs(cells, "training")),
    }
    return {name: [files[name][0].format(**asdict(run)) for run in files[name][1]] for name in names}


def kind_of(paper, figure):
    return DEFINITIONS[paper].figures[figure].kind


def stats_of(paper, exhibits):
    """The statistics of the datasets that `exhibits` show."""
    found = {}
    for exhibit in exhibits:
        found |= plan.datasets(DEFINITIONS[paper], CONFIG.papers[paper], exhibit)
    return {"stats": [rules.prepare.output.stats.format(dataset=entry) for entry in found.values()]}


def names_of_stats(paper, exhibits):
    """The printed names of those datasets, in the same order."""
    return list(
        dict.fromkeys(
            name for exhibit in exhibits for name in plan.datasets(DEFINITIONS[paper], CONFIG.papers[paper], exhibit)
        )
    )


def table_inputs(wildcards):
    cells = cells_of(wildcards.paper, wildcards.exhibit)
    return files_of_runs(cells, "ranks", "diagnostics", "facts") | stats_of(wildcards.paper, [wildcards.exhibit])


# What each kind of figure is made from.
FIGURE_FILES = {"bars": ["ranks"], "training": ["history"], "embedding": ["codes", "model"]}


def figure_inputs(wildcards):
    cells = cells_of(wildcards.paper, wildcards.exhibit)
    names = FIGURE_FILES[kind_of(wildcards.paper, wildcards.exhibit)]
    return files_of_runs(cells, *names) | stats_of(wildcards.paper, [wildcards.exhibit])


def claim_exhibits(paper):
    return list(dict.fromkeys(claim.exhibit for claim in DEFINITIONS[paper].single_claims))


def claims_inputs(wildcards):
    cells = cells_of_claims(wildcards.paper)
    return files_of_runs(cells, "ranks", "diagnostics", "history") | stats_of(
        wildcards.paper, claim_exhibits(wildcards.paper)
    )


def cutoffs():
    """Every k of any table or figure."""
    return sorted(
        {
            k
            for name, paper in CONFIG.papers.items()
            for k in plan.cutoffs(DEFINITIONS[name], paper.tables + paper.figures)
        }
    )


def as_params(cells):
    return ordered([cell.as_dict() for cell in cells])


def stacked_inputs(wildcards):
    """Table N of the papers that the config builds it for."""
    return [
        f"{PAPER}/{{exhibit}}.csv".format(paper=name, exhibit=wildcards.exhibit)
        for name, paper in CONFIG.papers.items()
        if wildcards.exhibit in paper.tables
    ]


def everything():
    """What plain `snakemake` makes: every result of every paper, and the scores of every run."""
    wanted = []
    for name, paper in CONFIG.papers.items():
        folder = PAPER.format(paper=name)
        wanted += [f"{folder}/{table}.csv" for table in paper.tables]
        wanted += [f"{folder}/{figure}.svg" for figure in paper.figures]
        if paper.tables or paper.figures:
            wanted.append(f"{folder}/claims.csv")
        for exhibit in paper.tables + paper.figures:
            wanted += [f"{RUN}/scores.csv".format(**asdict(run)) for run in plan.runs(cells_of(name, exhibit), "ranks")]
    wanted += [f"{RESULTS}/{table}.csv" for paper in CONFIG.papers.values() for table in paper.tables]
    return list(dict.fromkeys(wanted))


def shared():
    """What is shared with others: every file of every table, figure and list of claims."""
    wanted = []
    for name, paper in CONFIG.papers.items():
        for exhibit in paper.tables + paper.figures:
            table = DEFINITIONS[name].tables.get(exhibit)
            kind = rules.statistics_table if isinstance(table, StatisticsTable) else rules.ranking_table
            files = kind.output if table else rules.figure.output
            wanted += [file.format(paper=name, exhibit=exhibit) for file in files]
        if paper.tables or paper.figures:
            wanted += [file.format(paper=name) for file in rules.claims.output]
        wanted += [file.format(exhibit=table) for table in paper.tables for file in rules.stacked_table.output]
    return list(dict.fromkeys(wanted))
