"""What the jobs of the stages before the papers read: functions of wildcards, no rules."""

import re

from snakemake.exceptions import WorkflowError

from semtok.config.tokenizers import encoders_of
from semtok.encoders import MODALITIES, ROW_BY_ROW
from semtok.encoders import METHODS as ENCODERS
from semtok.plan import cells as plan
from semtok.plan.check import incompatible

# --- data ------------------------------------------------------------------------------------------------------------


RAW_URLS = {file["path"]: file["url"] for dataset in ENTRIES["datasets"].values() for file in dataset["files"]}


def raw_folder(wildcards):
    """Where the paths of a dataset's files begin."""
    folders = {
        "official": f"{RAW}/official",
        "synthetic": f"{RAW}/synthetic/{wildcards.dataset}",
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


def scattered(modality):
    """The entries of one modality whose method can be scattered over jobs, as a pattern."""
    chosen = [
        name
        for name, entry in ENTRIES["encoders"].items()
        if MODALITIES[entry["method"]] == modality and entry["method"] in ROW_BY_ROW
    ]
    return "|".join(map(re.escape, chosen)) or "none"


def large_datasets():
    """The datasets whose encoders are scattered, as a pattern."""
    return "|".join(re.escape(name) for name, entry in ENTRIES["datasets"].items() if entry["shards"] > 1) or "none"


def parts(suffix):
    """A function of wildcards: the files of all shards, in order."""
    return lambda wildcards: [
        f"{VECTORS}.shards/{shard}-of-{count}.{suffix}".format(**wildcards)
        for count in [ENTRIES["datasets"][wildcards.dataset]["shards"]]
        for shard in range(1, count + 1)
    ]


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
    return [f"{VECTORS}.npy".format(dataset=wildcards.dataset, encoder=encoder) for encoder in views.values()]


def vectors_to_diagnose(wildcards):
    """The space in which neighbours are sought: the tokenizer's own, or another's of the same config."""
    named = [encoders_of(options("tokenizers", wildcards.tokenizer))]
    named += [encoders_of(entry) for entry in ENTRIES["tokenizers"].values()]
    views = next((views for views in named if views), None)
    if views is None:
        return []
    # The text, where there is one: the space in which tokenizers of one view are diagnosed.
    encoder = views.get("encoder") or views.get("text") or next(iter(views.values()))
    return f"{VECTORS}.npy".format(dataset=wildcards.dataset, encoder=encoder)


def brought_codes(wildcards):
    path = options("tokenizers", wildcards.tokenizer).get("path")
    return path or []


# --- recommenders ----------------------------------------------------------------------------------------------------


def codes_of(wildcards):
    """The codes that a recommender reads; none for one over plain item ids."""
    method = method_of(wildcards.recommender)
    for mistake in incompatible(wildcards.tokenizer, wildcards.recommender, method, "results/recommenders"):
        raise WorkflowError(mistake)
    if wildcards.tokenizer == plan.IDS:
        return []
    return rules.tokenize.output.codes.format(**wildcards)


def method_of(recommender):
    return options("recommenders", recommender)["method"]
