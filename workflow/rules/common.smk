"""What the rules share: the checked config, its slices, code digests and resources."""

import os
import re
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(workflow.basedir)
SOURCE = ROOT / "src"
# Jobs run the package that lies beside this file, whatever else is installed: its digest is theirs.
sys.path.insert(0, str(SOURCE))
os.environ.update(PYTHONPATH=str(SOURCE))

from snakemake.exceptions import WorkflowError

from semtok.config.tokenizers import encoders_of
from semtok.config.variants import resolve
from semtok.data import READERS, WRITERS
from semtok.digest import code_digest
from semtok.encoders import GRAPHS, MODALITIES
from semtok.encoders import METHODS as ENCODERS
from semtok.errors import ConfigError
from semtok.files import sha256
from semtok.papers import FIGURES, plan
from semtok.papers.check import check, mispaired
from semtok.papers.definition import RankingTable, StatisticsTable
from semtok.recommenders import DECODING, TRAINING
from semtok.tokenizers import METHODS as TOKENIZERS

try:
    CONFIG, DEFINITIONS = check(config, ROOT / "config" / "papers")
except ConfigError as error:
    raise WorkflowError(str(error)) from None

# Plain values, as they reach a job. Sorted keys: a reordered config is the same config.
ENTRIES = CONFIG.model_dump(mode="json")


DATA = "results/data/{dataset}"
TOKENIZER = "results/tokenizers/{dataset}/{tokenizer}/{seed}"
RUN = "results/recommenders/{dataset}/{tokenizer}/{recommender}/{seed}"
PAPER = "results/papers/{paper}"


wildcard_constraints:
    dataset=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    encoder=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    tokenizer=r"[A-Za-z0-9][A-Za-z0-9_.+=-]*",
    recommender=r"[A-Za-z0-9][A-Za-z0-9_.+=-]*",
    seed=r"\d+",
    paper=r"[a-z0-9]+",


def ordered(value):
    """The same value with the keys of every mapping sorted, since Snakemake compares params as text."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [ordered(entry) for entry in value]
    return value


def options(section, variant):
    """The options of an entry or a variant of it."""
    return resolve(ENTRIES[section], variant, section)


def part(section, variant, *keys):
    """Those of an entry's options that one rule reads, so that the others do not rerun it."""
    chosen = options(section, variant)
    return ordered({key: chosen[key] for key in keys})


def apart(section, variant, *keys):
    """An entry's options without those that another rule reads; methods differ in what the rest is."""
    return ordered({key: value for key, value in options(section, variant).items() if key not in keys})


def code(script, *modules):
    """Digest of what a job runs: its script, and the modules that the script imports by name."""
    return code_digest(SOURCE, ROOT / "workflow" / "scripts" / script, *modules)


def source_of(dataset):
    return ENTRIES["datasets"][dataset]["source"] or ENTRIES["source"]


# Resources of every rule, in one place: threads, memory in MB (times the attempt), minutes, GPUs.
RESOURCES = {
    "download": (1, 1000, 240, 0),
    "synthesize": (1, 2000, 30, 0),
    "prepare": (1, 8000, 120, 0),
    "fetch_images": (2, 8000, 1440, 0),
    "encode_text": (2, 8000, 240, 1),
    "encode_image": (2, 8000, 480, 1),
    "encode_collaborative": (2, 8000, 120, 0),
    "spatial_graph": (1, 8000, 60, 0),
    "encode_spatial": (1, 8000, 480, 1),
    "encode_recommender_items": (1, 4000, 30, 0),
    "tokenize": (1, 8000, 240, 1),
    "diagnose": (1, 8000, 60, 0),
    "train": (1, 12000, 2880, 1),
    "decode": (1, 12000, 480, 1),
    "score": (1, 2000, 30, 0),
    "paper": (1, 4000, 60, 0),
}


# Trainings wait for vectors, and an encoder of two threads would wait for hours behind a training of one.
PRIORITY_OF_ENCODERS = 10


def threads_of(rule_name):
    return RESOURCES[rule_name][0]


def memory(rule_name):
    return lambda wildcards, attempt: RESOURCES[rule_name][1] * attempt


def minutes(rule_name):
    return RESOURCES[rule_name][2]


def gpus(rule_name):
    return RESOURCES[rule_name][3]


# --- data ------------------------------------------------------------------------------------------------------------


RAW_URLS = {file["path"]: file["url"] for dataset in ENTRIES["datasets"].values() for file in dataset["files"]}


def raw_folder(wildcards):
    """Where the paths of a dataset's files begin."""
    folders = {
        "official": "results/raw/official",
        "synthetic": f"results/raw/synthetic/{wildcards.dataset}",
        "mirror": ENTRIES["mirror"],
    }
    return folders[source_of(wildcards.dataset)]


def raw_files(wildcards):
    """The raw files of a dataset, wherever its source keeps them."""
    source = source_of(wildcards.dataset)
    if source == "synthetic":
        return raw_folder(wildcards)
    files = [Path(raw_folder(wildcards)) / file["path"] for file in ENTRIES["datasets"][wildcards.dataset]["files"]]
    missing = [str(file) for file in files if not file.is_file()]
    if source == "mirror" and missing:
        raise WorkflowError(f"datasets.{wildcards.dataset}: the mirror lacks {', '.join(missing)}")
    return [str(file) for file in files]


def image_folder(wildcards):
    """Where relative addresses of pictures begin: beside the raw files, or, with official files, here."""
    return "." if source_of(wildcards.dataset) == "official" else raw_folder(wildcards)


def image_options(wildcards):
    chosen = ENTRIES["datasets"][wildcards.dataset]["images"]
    if chosen is None:
        raise WorkflowError(
            f"datasets.{wildcards.dataset}.images: found nothing; expected where the pictures of its items come from, "
            "since a tokenizer with an image encoder is to run on it"
        )
    return ordered(chosen)


def drawn_pictures(wildcards):
    """The folder of a synthetic world, whose pictures may change with it; nothing for other sources."""
    return raw_folder(wildcards) if source_of(wildcards.dataset) == "synthetic" else []


# --- encoders --------------------------------------------------------------------------------------------------------


def encoders_with(modality):
    """The entries of `encoders` whose method is of one modality, as a pattern."""
    names = [name for name, entry in ENTRIES["encoders"].items() if MODALITIES[entry["method"]] == modality]
    return "|".join(re.escape(name) for name in names) or "none"


def encoder_code(script):
    """A function of wildcards: digest of what encodes the entry."""
    return lambda wildcards: code(script, ENCODERS[options("encoders", wildcards.encoder)["method"]])


def image_weights(wildcards):
    """The checkpoint that an image encoder reads; nothing where its weights are published, or none."""
    path = options("encoders", wildcards.encoder)["pretrained"]
    return path if isinstance(path, str) else []


def graph_of(encoder):
    """The options of a spatial encoder's graph, which the encoder's others do not touch."""
    return ordered(options("encoders", encoder)["graph"])


def interactions_of_graph(wildcards):
    """The interactions, for a graph that is made of them; a map of places needs none."""
    needs_them = graph_of(wildcards.encoder)["method"] == "check-in"
    return rules.prepare.output.interactions.format(**wildcards) if needs_them else []


def model_of_items(wildcards):
    """The recommender over plain ids whose item vectors an entry takes; its rule stands in recommenders.smk."""
    chosen = options("encoders", wildcards.encoder)
    run = RUN.format(
        dataset=wildcards.dataset, tokenizer=plan.IDS, recommender=chosen["recommender"], seed=chosen["seed"]
    )
    return f"{run}/model.safetensors"


# --- tokenizers ------------------------------------------------------------------------------------------------------


def item_vectors(wildcards):
    """The vectors that a tokenizer reads, one file a view; none for one that does without."""
    views = encoders_of(options("tokenizers", wildcards.tokenizer))
    return [f"results/encoders/{wildcards.dataset}/{encoder}.npy" for encoder in views.values()]


def vectors_to_diagnose(wildcards):
    """The space in which neighbours are sought: the tokenizer's own, or another's of the same config."""
    named = [encoders_of(options("tokenizers", wildcards.tokenizer))]
    named += [encoders_of(entry) for entry in ENTRIES["tokenizers"].values()]
    views = next((views for views in named if views), None)
    if views is None:
        return []
    # The text, where there is one: the space in which tokenizers of one view are diagnosed.
    encoder = views.get("encoder") or views.get("text") or next(iter(views.values()))
    return f"results/encoders/{wildcards.dataset}/{encoder}.npy"


def brought_codes(wildcards):
    path = options("tokenizers", wildcards.tokenizer).get("path")
    return path or []


# --- recommenders ----------------------------------------------------------------------------------------------------


def codes_of(wildcards):
    """The codes that a recommender reads; none for one over plain item ids."""
    method = method_of(wildcards.recommender)
    for mistake in mispaired(wildcards.tokenizer, wildcards.recommender, method, "results/recommenders"):
        raise WorkflowError(mistake)
    if wildcards.tokenizer == plan.IDS:
        return []
    return rules.tokenize.output.codes.format(**wildcards)


def method_of(recommender):
    return options("recommenders", recommender)["method"]


def cutoffs():
    """Every k of any table or figure."""
    return sorted(
        {
            k
            for name, paper in CONFIG.papers.items()
            for k in plan.cutoffs(DEFINITIONS[name], paper.tables + paper.figures)
        }
    )


# --- papers ----------------------------------------------------------------------------------------------------------


def places_of(kind):
    """Ids of the tables of one kind, of any paper, as a pattern."""
    names = {name for paper in DEFINITIONS.values() for name, table in paper.tables.items() if isinstance(table, kind)}
    return "|".join(sorted(names)) or "none"


def figures_of_any():
    return "|".join(sorted({name for paper in DEFINITIONS.values() for name in paper.figures})) or "none"


def cells_of(paper, place):
    """Every method on every dataset of a table or figure, with its runs."""
    tokenizers, recommenders = ENTRIES["tokenizers"], ENTRIES["recommenders"]
    found = plan.cells(DEFINITIONS[paper], CONFIG.papers[paper], place, CONFIG.seeds, tokenizers, recommenders)
    return plan.remarked(found, tokenizers, ENTRIES["encoders"])


def cells_of_claims(paper):
    tokenizers, recommenders = ENTRIES["tokenizers"], ENTRIES["recommenders"]
    found = plan.claim_cells(DEFINITIONS[paper], CONFIG.papers[paper], CONFIG.seeds, tokenizers, recommenders)
    return plan.remarked(found, tokenizers, ENTRIES["encoders"])


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


# What each kind of figure is made from.
FIGURE_FILES = {"bars": ["ranks"], "training": ["history"], "embedding": ["codes", "model"]}


def figure_inputs(wildcards):
    cells = cells_of(wildcards.paper, wildcards.place)
    names = FIGURE_FILES[kind_of(wildcards.paper, wildcards.place)]
    return files_of_runs(cells, *names) | stats_of(wildcards.paper, [wildcards.place])


def claim_places(paper):
    return list(dict.fromkeys(claim.place for claim in DEFINITIONS[paper].single_claims))


def claims_inputs(wildcards):
    cells = cells_of_claims(wildcards.paper)
    return files_of_runs(cells, "ranks", "diagnostics", "history") | stats_of(
        wildcards.paper, claim_places(wildcards.paper)
    )


def as_params(cells):
    return ordered([cell.as_dict() for cell in cells])


def stacked_inputs(wildcards):
    """Table N of the papers that the config builds it for."""
    return [
        f"results/papers/{name}/{wildcards.place}.csv"
        for name, paper in CONFIG.papers.items()
        if wildcards.place in paper.tables
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
        for place in paper.tables + paper.figures:
            wanted += [f"{RUN}/scores.csv".format(**asdict(run)) for run in plan.runs(cells_of(name, place), "ranks")]
    wanted += [f"results/{table}.csv" for paper in CONFIG.papers.values() for table in paper.tables]
    return list(dict.fromkeys(wanted))
