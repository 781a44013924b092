"""The config of the data stage: datasets, filters, splits and the synthetic world."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from semtok.config.base import PathText, Probability, Section
from semtok.config.tables import InteractionTable, ItemTable, RawTable, table_mistake

Source = Literal["official", "mirror", "synthetic"]


class RawFileOptions(Section):
    """One official file of a dataset."""

    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$")]
    """Where it lies below the mirror folder (and below results/raw/...)."""
    url: str | None = None
    """Where it is published; null where it must be fetched by hand."""
    member: str | None = None
    """Which member of a zip file to read, by its base name; null where the format leaves no choice."""
    table: RawTable | None = None
    """What its columns are, where the reader is `table`."""


class Sessions(Section):
    """A session: interactions of a user without a long pause between them."""

    gap_hours: PositiveFloat
    """A pause of this many hours or more between two interactions of a user ends a session."""
    min_length: PositiveInt
    """Sessions with fewer interactions are dropped."""


class Filters(Section):
    """Which interactions stay. Applied in this order: items without text, duplicates, visits, then, until nothing
    changes, the minima (iterative k-core), the maximum and the cap on user length; then, once, sessions."""

    without_text: Literal["drop", "keep"] = "drop"
    """Items that have none of the dataset's text fields, or that the metadata do not list at all: drop, or keep (their
    text vector is missing)."""

    duplicates: Literal["keep", "drop_repeats", "drop_consecutive"]
    """keep all; keep a user's first interaction with an item; collapse immediate repeats."""
    same_visit_minutes: NonNegativeInt | None = None
    """A user's interaction with an item at most this many minutes after another with it is the same visit, and is
    dropped; null: each is a visit of its own."""
    min_user_length: PositiveInt
    """Users with fewer interactions are dropped (C-I7: "at least 15" is read as a user's number of clicks)."""
    min_item_count: PositiveInt
    """Items with fewer interactions are dropped; CoST prints none (docs/data.md, "The papers' datasets")."""
    max_user_length: PositiveInt | None
    """Users with more interactions are dropped."""
    last_interactions: PositiveInt | None
    """Users with more interactions keep their last ones only."""
    sessions: Sessions | None = None
    """Which sessions are too short; null: all stay. The minima are not asked for again afterwards (M-I4: only so do
    the printed numbers of users and items of check-ins come out)."""


class LeaveOneOut(Section):
    """The last interaction of a user is the test target, the last but one the validation target."""

    method: Literal["leave-one-out"]


class UserRatio(Section):
    """Each user's interactions in order of time: first part train, then valid, then test."""

    method: Literal["user-ratio"]
    valid: Probability
    """Share of a user's interactions that are validation targets."""
    test: Probability
    """Share of a user's interactions that are test targets."""


class TimeRatio(Section):
    """All interactions in order of time, cut globally. A held-out interaction whose user or item is not in train is
    no target: it stays in the history of the user's later ones, and nothing is learned from it."""

    method: Literal["time-ratio"]
    valid: Probability
    """Share of all interactions that are held out for validation."""
    test: Probability
    """Share of all interactions that are held out for test, the last ones."""


NumberOrShare = PositiveInt | Annotated[float, Field(gt=0, lt=1)]
"""A count, or a share of what there is."""


class HeldOutUsers(Section):
    """Disjoint users: the last item of each test user is its target; a share of the others is valid."""

    method: Literal["held-out-users"]
    test_users: NumberOrShare
    """How many users are test users, drawn among those with two interactions or more; below 1: a share of them."""
    train_users: NumberOrShare | None
    """How many of the other users to use; below 1: a share of all; null: all the others."""
    valid: Probability
    """Share of the train users that become validation users: their last item is the target, nothing is learned
    from the others."""
    seed: int
    """Of the drawing of users."""


Split = Annotated[LeaveOneOut | UserRatio | TimeRatio | HeldOutUsers, Field(discriminator="method")]


class Synthetic(Section):
    """The made-up world that stands in for a dataset when `source` is synthetic."""

    users: Annotated[int, Field(ge=10)]
    """Number of users."""
    items: Annotated[int, Field(ge=20)]
    """Number of items, at least four a category."""
    mean_length: Annotated[float, Field(ge=3)]
    """Mean number of interactions of a user."""
    categories: Annotated[int, Field(ge=2)]
    """Number of categories; each has four sub-categories."""
    seed: int
    """Of everything random in the world."""
    habit: Probability = 0.6
    """Share of interactions whose sub-category is the one that habit makes follow the one before."""
    drives: Literal["both", "content", "places", "noise"] = "both"
    """What the next item follows from. `both`: the sub-category of the one before, which the texts tell, and its maker
    (`maker_boost`). Worlds whose answer is known: `content`, the sub-category alone; `places`, the maker (a place's
    neighbourhood) alone, in the sub-category's stead; `noise`, groups of items that neither texts nor places tell."""
    maker_boost: Annotated[float, Field(ge=1)] = 8.0
    """How many times as likely as others of its sub-category an item is whose maker (a place's neighbourhood) is that
    of the interaction before, where `drives` is `both`."""
    session_length: Annotated[float, Field(ge=1)] = 1.0
    """Mean number of interactions of a session, one to four hours apart. Pauses between sessions are as much longer, so
    that users stay as long. 1: interactions lie days apart."""
    pictures: bool = False
    """Draw a picture of every item: pictures/RAW_ID.png beside the raw files, for `images: {folder: pictures}`; the
    metadata of the Amazon formats list them."""

    @model_validator(mode="after")
    def _every_subcategory_has_items(self) -> "Synthetic":
        if self.items < 4 * self.categories:
            raise ValueError(f"items must be at least 4 * categories = {4 * self.categories}, got {self.items}")
        return self


class Images(Section):
    """Where the pictures of the items come from, and what is refused. Only looked at where a tokenizer names an image
    encoder. A picture that cannot be had or used, for whatever reason, is a missing one: images/DATASET/images.csv
    among the results lists them all with the reason."""

    folder: PathText | None = None
    """Files named RAW_ID.jpg, .png, ...; relative to the mirror, to the synthetic world, or, with official files, to
    the working directory. null: the addresses that the metadata list (Amazon) are fetched, by http and https only."""
    max_bytes: PositiveInt = 10_000_000
    """Of a file; larger pictures are missing."""
    max_pixels: Annotated[int, Field(ge=1, le=89_478_485)] = 89_478_485
    """Width times height; larger pictures are missing. Beyond the default Pillow suspects a decompression bomb."""
    connections: PositiveInt = 8
    """Pictures fetched at the same time."""
    requests_per_second: PositiveFloat = 10
    """Over all connections."""
    connect_timeout: PositiveFloat = 10
    """Seconds until a connection stands."""
    read_timeout: PositiveFloat = 20
    """Seconds without a byte."""
    time_limit: PositiveFloat = 60
    """Seconds for one attempt at one picture, whatever it is spent on."""
    attempts: PositiveInt = 3
    """At a picture that fails for a reason that may pass (no connection, too slow, cut short, the server's fault)."""


class Attributes(Section):
    """The fields of an item that a language model learns an item's dense tokens from (STORE, Table 2)."""

    content: Annotated[list[str], Field(min_length=1)]
    """Read, in this order, and reconstructed from the dense tokens."""
    generated: list[str] = Field(default_factory=list)
    """Not read, but generated from the dense tokens."""

    @model_validator(mode="after")
    def _once(self) -> "Attributes":
        names = [*self.content, *self.generated]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"every field once; listed twice: {', '.join(twice)}")
        return self


_PRODUCT = ("title", "brand", "type", "category", "description")
TEXTS_OF = {
    "mind": ("category", "subcategory", "title", "abstract"),
    **dict.fromkeys(("amazon2014", "amazon2018", "amazon2023"), _PRODUCT),
    "foursquare": ("category",),
    "yelp": ("name", "city", "address", "state", "category"),
}
"""What each reader finds to read of an item; the others find what the files have."""


class Preparation(Section):
    """What turns raw files into tables: how they are read, filtered and split."""

    reader: Literal["mind", "amazon2014", "amazon2018", "amazon2023", "foursquare", "yelp", "sequences", "table"]
    """The raw format: MIND, the Amazon reviews of 2014, 2018 or 2023, Foursquare check-ins, the reviews of Yelp,
    sequences as papers publish them beside their codes, `{user: [item, ...]}` or CSV of samples, or tables of one's
    own, whose files say what their columns are."""
    files: Annotated[list[RawFileOptions], Field(min_length=1)]
    """The official files: where they lie below a mirror, and where they are published."""
    text_fields: list[str]
    """Fields of an item that the text template states, in this order; fields that an item lacks are left out. None: the
    dataset has no texts, and no tokenizer that reads them can run on it."""
    filters: Filters
    """Which interactions stay."""
    split: Split
    """Which interactions are train, validation and test."""
    impressions: Literal["interactions", "candidates"] = "interactions"
    """What MIND's impressions are: the clicked ones the latest interactions of their user, or all of them candidates to
    be scored (candidates.parquet), a user's history alone being the sequence."""

    @property
    def has_places(self) -> bool:
        """Whether items have coordinates and interactions the times at which they happened."""
        tables = [file.table for file in self.files]
        located = any(isinstance(table, ItemTable) and table.latitude for table in tables)
        return self.reader == "foursquare" or (located and not self.has_made_up_times)

    @property
    def has_made_up_times(self) -> bool:
        """Whether only the order of a user's interactions is known."""
        tables = [file.table for file in self.files]
        untimed = any(isinstance(table, InteractionTable) and table.timestamp is None for table in tables)
        return self.reader == "sequences" or untimed

    @model_validator(mode="after")
    def _ratios_leave_train(self) -> "Preparation":
        if isinstance(self.split, UserRatio | TimeRatio) and self.split.valid + self.split.test >= 1:
            raise ValueError("split.valid + split.test must be below 1, so that something is left to train on")
        return self

    @model_validator(mode="after")
    def _has_what_is_asked_for(self) -> "Preparation":
        if not self.text_fields and self.filters.without_text == "drop":
            raise ValueError("filters.without_text: keep where text_fields is empty; else no item is left")
        if self.impressions == "candidates" and (self.reader != "mind" or not isinstance(self.split, HeldOutUsers)):
            raise ValueError("impressions: candidates with the reader mind and the split held-out-users only")
        if self.has_made_up_times and isinstance(self.split, TimeRatio):
            raise ValueError(f"another split than time-ratio with the reader {self.reader}, whose times are made up")
        known = TEXTS_OF.get(self.reader, self.text_fields)
        if unknown := [name for name in self.text_fields if name not in known]:
            raise ValueError(f"text_fields: what {self.reader} has ({', '.join(known)}), and not {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _files_say_what_they_are(self) -> "Preparation":
        tables = [file.table for file in self.files]
        mistake = table_mistake([file.path for file in self.files], tables, self.reader == "table")
        if mistake:
            raise ValueError(mistake)
        if self.reader == "table" and self.text_fields and not any(isinstance(table, ItemTable) for table in tables):
            raise ValueError("text_fields: [] where no file is of `kind: items`")
        return self


class Dataset(Preparation):
    """One dataset: which official files, where they come from, and what becomes of them."""

    source: Source | None = None
    """Overrides the top-level `source`."""
    images: Images | None = None
    """null: the dataset has no pictures, and no tokenizer with an image view can run on it."""
    attributes: Attributes | None = None
    """null: no encoder that is built on a language model can run on it."""
    shards: PositiveInt = 1
    """Jobs that the networks for text and images (sentence-transformers, timm) are scattered over, for catalogues that
    one job would need too long for; 1: one job (docs/scale.md). The vectors are the same, byte for byte. Encoders that
    learn from all items (tfidf, als, graphsage) stay one job."""
    synthetic: Synthetic | None = None
    """Needed only where the source is synthetic; a dataset of the reader `table` has none."""

    @model_validator(mode="after")
    def _own_data_are_not_made_up(self) -> "Dataset":
        if self.reader == "table" and (self.synthetic is not None or self.source == "synthetic"):
            raise ValueError(
                "no `synthetic` and another source with the reader table: no world is made up for own data"
            )
        return self
