"""The synthetic world: the official formats, and what it plants in them."""

import time

import numpy as np
import pandas as pd
import pytest

from semtok.config.data import Synthetic
from semtok.data import READERS, WRITERS
from semtok.data.synthetic import write
from semtok.data.words import made_up_words, themes
from semtok.data.world import N_MAKERS, make_world
from semtok.data.writers.foursquare import CENTRE

WORLD = {"users": 800, "items": 480, "mean_length": 9.0, "categories": 12, "seed": 0}


@pytest.mark.parametrize("reader", sorted(WRITERS))
def test_the_reader_reads_what_the_writer_writes(reader, options, prepared, tmp_path):
    world = make_world(Synthetic(**options(reader)["synthetic"]), revisits=reader == "foursquare")
    files = write(options(reader), tmp_path / "raw")
    tables = prepared(options(reader), files)
    stats = tables.stats
    assert stats["users"] == 60
    assert stats["interactions"] == len(world.event_user)
    assert all(part["bad"] == {} for file in stats["files"] for part in file["parts"])
    assert stats["counts"]["interactions_of_unlisted_items"] == 0
    assert stats["counts"]["interactions_of_items_without_text"] == 0
    # Sequences arrive as they were made: same items in the same order (users are sorted by their text ids).
    made = pd.Series(world.event_item).groupby(world.event_user).apply(list)
    read = tables.interactions.groupby("user")["item"].apply(list)
    first_seen = {tuple(pd.factorize(np.array(items))[0]) for items in made}
    assert {tuple(pd.factorize(np.array(items))[0]) for items in read} == first_seen
    if reader != "foursquare":
        titles = {tuple(world.title[i] for i in items) for items in made}
        title = "name" if reader == "yelp" else "title"
        assert {tuple(tables.items[title].iloc[items]) for items in read} == titles


@pytest.mark.parametrize("reader", sorted(WRITERS))
def test_the_same_options_give_the_same_bytes(reader, options, tmp_path):
    one, two = (write(options(reader), tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    other = options(reader) | {"synthetic": options(reader)["synthetic"] | {"seed": 2}}
    assert [path.read_bytes() for path in write(other, tmp_path / "c")] != [path.read_bytes() for path in one]


def test_readers_and_writers_come_in_pairs():
    # No publisher writes a user's own tables.
    assert READERS.keys() - {"table"} == WRITERS.keys()


def test_a_thousand_users_take_less_than_two_seconds(options, tmp_path):
    start = time.process_time()
    write(options("mind") | {"synthetic": WORLD | {"users": 1000}}, tmp_path)
    assert time.process_time() - start < 2


def test_the_world_has_the_size_that_is_asked_for():
    world = make_world(Synthetic(**WORLD), revisits=False)
    lengths = np.bincount(world.event_user)
    assert len(lengths) == 800
    assert lengths.mean() == pytest.approx(9, abs=0.5)
    assert lengths.min() >= 3
    assert len(world.title) == 480
    assert len(set(world.category)) == 12
    assert len(set(world.title)) > 0.99 * 480


def test_mind_times_increase_within_a_user(options, prepared, tmp_path):
    tables = prepared(options("mind"), write(options("mind"), tmp_path))
    assert 0 < tables.stats["counts"]["made_up_times"] < tables.stats["interactions"]
    assert tables.stats["counts"]["users_with_differing_histories"] == 0


def pauses(session_length):
    """Hours between neighbouring interactions of a user, and the days that users stay on average."""
    world = make_world(Synthetic(**WORLD | {"mean_length": 40, "session_length": session_length}), revisits=True)
    same_user = world.event_user[1:] == world.event_user[:-1]
    stays = pd.Series(world.event_time).groupby(world.event_user).agg(lambda own: own.iloc[-1] - own.iloc[0])
    return np.diff(world.event_time)[same_user] / 3_600, stays.mean() / 86_400


def test_interactions_of_a_session_lie_hours_apart_and_sessions_days():
    apart, stay = pauses(1)
    hours, stay_in_sessions = pauses(5)
    assert apart.min() > 0
    assert (apart < 5).mean() < 0.01
    within = hours < 24
    assert hours[within].min() >= 1
    assert hours[within].max() <= 4
    assert within.mean() == pytest.approx(1 - 1 / 5, abs=0.02)
    # Fewer but longer pauses between sessions: users stay about as long.
    assert stay_in_sessions == pytest.approx(stay, rel=0.1)


def transitions(world, labels):
    """Label of each interaction and of the next one of the same user."""
    label = np.asarray(labels)[world.event_item]
    same_user = world.event_user[1:] == world.event_user[:-1]
    return label[:-1][same_user], label[1:][same_user]


def entropies(before, after):
    """Entropy of the next label, and given the previous one, in nats (plug-in estimates)."""
    joint = pd.crosstab(before, after).to_numpy() / len(after)
    with np.errstate(divide="ignore", invalid="ignore"):
        marginal = joint.sum(axis=0)
        whole = -np.nansum(marginal * np.log(marginal))
        given = -np.nansum(joint * np.log(joint / joint.sum(axis=1, keepdims=True)))
    return whole, given


def hit_rate(before, after):
    """How often the most frequent successor comes next, and how often the most frequent label does."""
    counts = pd.crosstab(before, after).to_numpy()
    return counts.max(axis=1).sum() / len(after), counts.sum(axis=0).max() / len(after)


@pytest.fixture(scope="module")
def world():
    return make_world(Synthetic(**WORLD), revisits=False)


def shuffled(world, seed=0):
    """The same world with each user's interactions in random order."""
    order = np.lexsort((np.random.default_rng(seed).random(len(world.event_user)), world.event_user))
    return type(world)(**{**vars(world), "event_item": world.event_item[order]})


def test_content_predicts_the_next_item(world):
    informed, marginal = hit_rate(*transitions(world, world.category))
    assert informed > 4 * marginal
    whole, given = entropies(*transitions(world, world.category))
    assert given < 0.65 * whole


def test_order_predicts_the_next_item(world):
    informed, marginal = hit_rate(*transitions(world, world.subcategory))
    assert informed > 10 * marginal
    # The same interactions in another order tell less: it is the order that tells, not the user's taste alone.
    unordered, _ = hit_rate(*transitions(shuffled(world), world.subcategory))
    assert informed > 1.5 * unordered


def test_place_predicts_the_next_item(world):
    informed, marginal = hit_rate(*transitions(world, world.maker))
    assert informed > 2 * marginal
    assert marginal < 2 / N_MAKERS
    whole, given = entropies(*transitions(world, world.maker))
    assert given < 0.9 * whole


def test_taste_predicts_beyond_the_previous_item(world):
    """A user's most frequent earlier category tells of the next one where the previous interaction is elsewhere."""
    hits, misses = 0, 0
    categories = pd.factorize(np.array(world.category))[0][world.event_item]
    for user in np.unique(world.event_user):
        own = categories[world.event_user == user]
        for i in range(4, len(own)):
            favourite = np.bincount(own[: i - 1]).argmax()
            if own[i - 1] != favourite:
                hits += own[i] == favourite
                misses += own[i] != favourite
    assert hits / (hits + misses) > 2 / 12


def test_many_items_are_rare_and_their_text_gives_them_away(world):
    counts = np.bincount(world.event_item, minlength=480)
    assert np.quantile(counts, 0.25) <= 10
    words = [set(title.lower().split()) for title in world.title]
    leaf = world.leaf
    rng = np.random.default_rng(0)
    pairs = rng.integers(480, size=(4000, 2))
    shared = np.array([len(words[a] & words[b]) for a, b in pairs])
    same = (leaf[pairs[:, 0]] == leaf[pairs[:, 1]]) & (pairs[:, 0] != pairs[:, 1])
    assert shared[same].mean() > 4 * shared[~same].mean()


def test_places_of_a_neighbourhood_lie_together(options, prepared, tmp_path):
    chosen = options("foursquare") | {"synthetic": WORLD}
    tables = prepared(chosen, write(chosen, tmp_path))
    places = tables.items[["latitude", "longitude"]].to_numpy()[tables.interactions["item"]]
    same_user = np.diff(tables.interactions["user"]) == 0
    step = np.linalg.norm(np.diff(places, axis=0)[same_user], axis=1)
    others = np.linalg.norm(places - np.random.default_rng(0).permutation(places), axis=1)
    near = 0.015
    assert (step < near).mean() > 2 * (others < near).mean()
    # Users come back.
    repeats = tables.interactions.duplicated(["user", "item"]).mean()
    assert repeats > 0.1


def next_shares(drives, habit=0.9):
    """How often the next item has the text of the one before's successor, and how often it is in the successor of its
    neighbourhood: most frequent successors, so that nothing is trained. Beside them the shares by chance."""
    chosen = Synthetic(**WORLD | {"drives": drives, "habit": habit, "categories": 4, "mean_length": 14})
    world = make_world(chosen, revisits=True)
    return hit_rate(*transitions(world, world.subcategory)), hit_rate(*transitions(world, world.maker))


@pytest.mark.parametrize(
    ("drives", "texts_tell", "places_tell"),
    [("both", True, True), ("content", True, False), ("places", False, True), ("noise", False, False)],
)
def test_a_world_follows_what_drives_it_and_nothing_else(drives, texts_tell, places_tell):
    by_text, by_place = next_shares(drives)
    for (informed, chance), tells in ((by_text, texts_tell), (by_place, places_tell)):
        assert informed > 2.5 * chance if tells else informed < 1.5 * chance


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("drives", "near"), [("content", False), ("places", True), ("noise", False)])
def test_the_next_place_lies_near_where_places_drive_the_world(options, prepared, tmp_path, drives, near, seed):
    """Of the neighbourhood that most often comes next, by the coordinates in the files alone."""
    chosen = options("foursquare") | {
        "synthetic": WORLD | {"drives": drives, "habit": 0.9, "users": 300, "categories": 4, "seed": seed}
    }
    tables = prepared(chosen, write(chosen, tmp_path))
    angle = np.arctan2(tables.items["latitude"] - CENTRE[0], tables.items["longitude"] - CENTRE[1])
    sector = np.round(angle.to_numpy() / (2 * np.pi / N_MAKERS)).astype(int) % N_MAKERS
    of_visit = sector[tables.interactions["item"]]
    same_user = np.diff(tables.interactions["user"]) == 0
    informed, chance = hit_rate(of_visit[:-1][same_user], of_visit[1:][same_user])
    assert informed > 2.5 * chance if near else informed < 1.5 * chance


def test_worlds_are_as_predictable_as_each_other():
    """By what drives them: what tells, not how much, is what they differ in."""
    (by_text, _), _ = next_shares("content")
    _, (by_place, _) = next_shares("places")
    assert by_text == pytest.approx(by_place, abs=0.06)


def test_made_up_words_are_distinct():
    assert len(set(made_up_words(5000))) == 5000


def test_there_are_as_many_categories_as_wanted():
    wanted = themes(30)
    names = [name for name, _ in wanted]
    assert len(set(names)) == 30
    assert all(len(subs) == 4 and all(len(words) == 6 for _, words in subs) for _, subs in wanted)


def test_every_subcategory_has_items(options, tmp_path, prepared):
    small = {"users": 10, "items": 23, "mean_length": 3.0, "categories": 6, "seed": 0}
    with pytest.raises(ValueError, match=r"items must be at least 4 \* categories = 24, got 23"):
        Synthetic(**small)
    least = options("amazon2018") | {"synthetic": small | {"items": 24}}
    assert prepared(least, write(least, tmp_path)).stats["users"] == 10
