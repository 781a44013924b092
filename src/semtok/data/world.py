"""A small made-up world with planted structure, which the writers put into the official formats.

Items lie in leaves (category, sub-category) and have a maker: the brand of a product, the desk of a news story, the
neighbourhood of a place. Their text names all three among words of the sub-category and words that say nothing.
A user has tastes (few leaves) and continues from the previous interaction:

- *order*: with probability `habit` the next leaf is the one successor of the current leaf;
- *content*: the successor mostly lies in the same category, and in TASTE of the other cases the leaf is one of the
  user's;
- *place* (or brand): within a leaf, items of the current maker are `maker_boost` times as likely;
- popularity: an item's weight falls with its rank in its leaf, so that most items are rare and only their text tells
  what follows them.

So it is where `drives` is `both`. In the worlds whose answer is known users walk in the same way over leaves alone
(`content`), over makers (`places`), or over groups that nothing about an item tells (`noise`): sequences are as
predictable in each, and what predicts them is another thing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semtok.config.data import Synthetic
from semtok.data.words import NOISE, made_up_words, themes

TASTE = 0.75
STAY_IN_CATEGORY = 0.9
"""Share of leaves whose successor lies in their own category."""
TASTES = 2
"""Leaves that a user likes, all of one category."""
N_SUBCATEGORIES = 4
"""Leaves of a category."""
N_MAKERS = 8
POPULARITY_EXPONENT = 0.5
MIN_LENGTH = 3
BATCH = 1024
START = 1_546_300_800
"""2019-01-01 in Unix seconds: the first day of the world."""
FIRST_DAYS = 60
"""Days over which users arrive."""
MEAN_GAP_DAYS = 7.0
"""Between interactions of a user; users overlap in time, so that a cut in time leaves most on both sides."""
PAUSE_SECONDS = (3_600, 4 * 3_600)
"""Between the interactions of a session."""

PICTURES = "pictures"
"""The folder of the items' pictures, RAW_ID.png, beside the raw files."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """Items and interactions. All arrays of items have length n_items; those of events are sorted by user and time."""

    leaf: Ints
    maker: Ints
    category: list[str]
    """Names by item, as are the following."""
    subcategory: list[str]
    maker_name: list[str]
    title: list[str]
    description: list[str]
    hour: Ints
    """Hour of the day at which a leaf's items are used; one a leaf."""
    event_user: Ints
    event_item: Ints
    event_time: Ints
    """Unix seconds."""
    seed: int
    pictures: bool
    """Whether the items have pictures (`semtok.data.drawing`)."""


def make_world(options: Synthetic, revisits: bool) -> World:
    """The world of a seed: the same options give the same world. `revisits`: users come back to items they had."""
    rng = np.random.default_rng(options.seed)
    categories = themes(options.categories)
    leaves = [(category, sub, words) for category, subs in categories for sub, words in subs]
    # Drawn without order, so that the number of an item says nothing of its leaf.
    leaf = rng.permutation(np.arange(options.items) % len(leaves))
    maker = rng.integers(N_MAKERS, size=options.items)
    if options.drives == "places":  # no neighbourhood without a place, as no leaf is without an item
        maker = rng.permutation(np.arange(options.items) % N_MAKERS)
    names = made_up_words(N_MAKERS)
    maker_names = [names[m] for m in maker]
    titles, descriptions = _texts(rng, [leaves[i][2] for i in leaf], maker_names)
    group = maker if options.drives == "places" else rng.permutation(leaf) if options.drives == "noise" else leaf
    successor = _successors(rng, N_MAKERS if options.drives == "places" else len(leaves))
    event_user, event_item = _walks(rng, options, group, maker, successor, revisits)
    hour = rng.integers(7, 23, size=len(leaves))
    return World(
        leaf=leaf,
        maker=maker,
        category=[leaves[i][0] for i in leaf],
        subcategory=[leaves[i][1] for i in leaf],
        maker_name=maker_names,
        title=titles,
        description=descriptions,
        hour=hour,
        event_user=event_user,
        event_item=event_item,
        event_time=_times(rng, event_user, hour[leaf[event_item]], options.session_length),
        seed=options.seed,
        pictures=options.pictures,
    )


def _texts(rng: np.random.Generator, words: list[list[str]], maker_names: list[str]) -> tuple[list[str], list[str]]:
    """A title and a description an item: words of its leaf, its maker, and noise."""
    titles, descriptions = [], []
    for leaf_words, maker in zip(words, maker_names, strict=True):
        own = rng.permutation(leaf_words)
        noise = rng.choice(NOISE, size=4, replace=False)
        titles.append(f"{maker} {noise[0]} {own[0]} {own[1]} {noise[1]} {own[2]}".capitalize())
        descriptions.append(f"The {noise[2]} {own[3]} and {own[0]} by {maker}, a {noise[3]} {own[4]}.")
    return titles, descriptions


def _successors(rng: np.random.Generator, n_leaves: int) -> Ints:
    """For each leaf the one that habit makes follow it: the next of its category, or a random one elsewhere."""
    leaves = np.arange(n_leaves)
    within = leaves - leaves % N_SUBCATEGORIES + (leaves + 1) % N_SUBCATEGORIES
    elsewhere = rng.permutation(n_leaves)
    return np.where(rng.random(n_leaves) < STAY_IN_CATEGORY, within, elsewhere)


def _walks(
    rng: np.random.Generator, options: Synthetic, leaf: Ints, maker: Ints, successor: Ints, revisits: bool
) -> tuple[Ints, Ints]:
    rate = rng.gamma(2.0, max(options.mean_length - MIN_LENGTH, 0) / 2, size=options.users)
    lengths = np.minimum(MIN_LENGTH + rng.poisson(rate), len(leaf) if not revisits else np.iinfo(np.int64).max)
    popularity = rng.permutation(len(leaf))
    users, items = [], []
    for start in range(0, options.users, BATCH):
        batch = _Walkers(rng, lengths[start : start + BATCH], options, leaf, maker, popularity, successor, revisits)
        user, item = batch.walk()
        users.append(user + start)
        items.append(item)
    return np.concatenate(users), np.concatenate(items)


class _Walkers:
    """A batch of users who take their steps at the same time."""

    def __init__(
        self,
        rng: np.random.Generator,
        lengths: Ints,
        options: Synthetic,
        leaf: Ints,
        maker: Ints,
        popularity: Ints,
        successor: Ints,
        revisits: bool,
    ) -> None:
        self.rng, self.lengths, self.leaf, self.maker, self.successor = rng, lengths, leaf, maker, successor
        self.habit = options.habit
        self.log_boost = np.log(options.maker_boost) if options.drives == "both" else 0.0
        n_leaves = len(successor)
        home = rng.integers(n_leaves // N_SUBCATEGORIES, size=(len(lengths), 1))
        self.tastes = home * N_SUBCATEGORIES + rng.integers(N_SUBCATEGORIES, size=(len(lengths), TASTES))
        sizes = np.bincount(leaf, minlength=n_leaves)
        self.is_member = np.arange(sizes.max()) < sizes[:, None]
        self.members = np.zeros(self.is_member.shape, dtype=np.int64)
        # Most popular first, in an order of its own, so that the number of an item says nothing of its popularity.
        self.members[self.is_member] = np.lexsort((popularity, leaf))
        self.log_weight = -POPULARITY_EXPONENT * np.log1p(np.arange(sizes.max()))
        self.seen = np.zeros((len(lengths), len(leaf)), dtype=bool)
        self.seen_bonus = 2.0 if revisits else -20.0

    def walk(self) -> tuple[Ints, Ints]:
        """User and item of every step, sorted by user."""
        n_users = len(self.lengths)
        current = np.full(n_users, -1)
        users, items = [], []
        for step in range(int(self.lengths.max())):
            active = np.flatnonzero(self.lengths > step)
            current[active] = self._next_items(active, current[active])
            self.seen[active, current[active]] = True
            users.append(active)
            items.append(current[active])
        user, item = np.concatenate(users), np.concatenate(items)
        order = np.argsort(user, kind="stable")
        return user[order], item[order]

    def _next_items(self, users: Ints, current: Ints) -> Ints:
        leaves = self._next_leaves(users, current)
        members = self.members[leaves]
        score = self.log_weight + self.rng.gumbel(size=members.shape)
        score += self.log_boost * ((self.maker[members] == self.maker[current][:, None]) & (current >= 0)[:, None])
        score += self.seen_bonus * self.seen[users[:, None], members]
        score[~self.is_member[leaves]] = -np.inf
        chosen: Ints = members[np.arange(len(users)), score.argmax(axis=1)]
        return chosen

    def _next_leaves(self, users: Ints, current: Ints) -> Ints:
        draw = self.rng.random(len(users))
        liked = self.tastes[users, self.rng.integers(TASTES, size=len(users))]
        anywhere = self.leaf[self.rng.integers(len(self.leaf), size=len(users))]
        after = np.where(current >= 0, self.successor[self.leaf[current]], liked)
        to_taste = self.habit + TASTE * (1 - self.habit)
        return np.where(draw < self.habit, after, np.where(draw < to_taste, liked, anywhere))


def _times(rng: np.random.Generator, user: Ints, hour: Ints, session_length: float) -> Ints:
    """Increasing times within a user: a session begins on a later day, at about the hour of its first item's leaf."""
    rows = np.arange(len(user))
    first = rows == np.searchsorted(user, user)
    first_day = rng.integers(FIRST_DAYS, size=int(user.max()) + 1)
    gaps = 1 + rng.poisson(MEAN_GAP_DAYS * session_length - 1, size=len(user))
    seconds = rng.integers(3_600, size=len(user))
    opens = first | (rng.random(len(user)) < 1 / session_length)
    pauses = np.cumsum(np.where(opens, 0, rng.integers(*PAUSE_SECONDS, size=len(user))))
    total = np.cumsum(np.where(opens & ~first, gaps, 0))
    day: Ints = first_day[user] + total - total[np.searchsorted(user, user)]
    opening = np.maximum.accumulate(np.where(opens, rows, 0))
    since_opening: Ints = pauses - pauses[opening]
    return START + day * 86_400 + hour[opening] * 3_600 + seconds[opening] + since_opening
