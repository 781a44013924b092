"""Words of the synthetic world: real ones, so that pretrained text encoders see what they know."""

import itertools

THEMES: dict[str, dict[str, str]] = {
    "sports": {
        "football": "quarterback touchdown kickoff playoff linebacker stadium",
        "tennis": "racket wimbledon serve volley backhand court",
        "cycling": "peloton bicycle sprint saddle mountain stage",
        "swimming": "pool freestyle butterfly lap relay goggles",
    },
    "food": {
        "baking": "bread flour oven yeast crust sourdough",
        "seafood": "salmon shrimp oyster grill lobster fish",
        "dessert": "chocolate cake icecream vanilla caramel pudding",
        "coffee": "espresso roast latte bean barista brew",
    },
    "music": {
        "jazz": "saxophone trumpet swing improvisation quartet blues",
        "opera": "soprano aria tenor orchestra libretto stage",
        "rock": "guitar drummer riff amplifier tour band",
        "hiphop": "rapper beat mixtape lyrics producer rhyme",
    },
    "health": {
        "sleep": "insomnia pillow nap dream rest bedtime",
        "heart": "cardiology artery cholesterol pulse bloodpressure stroke",
        "vaccines": "immunity virus dose injection outbreak clinic",
        "yoga": "meditation stretch breathing posture mindfulness calm",
    },
    "finance": {
        "stocks": "shares dividend investor nasdaq earnings rally",
        "housing": "mortgage rent landlord property realtor loan",
        "taxes": "refund deduction income filing audit revenue",
        "retirement": "pension savings annuity senior fund benefit",
    },
    "travel": {
        "beaches": "island sand surf resort palm lagoon",
        "airlines": "flight airport pilot boarding luggage runway",
        "hiking": "trail summit backpack canyon wilderness boots",
        "cruises": "ship cabin deck harbor captain voyage",
    },
    "science": {
        "space": "rocket planet telescope orbit astronaut galaxy",
        "oceans": "whale coral tide submarine plankton reef",
        "genetics": "genome dna mutation cell heredity chromosome",
        "climate": "glacier carbon warming emission atmosphere drought",
    },
    "technology": {
        "phones": "smartphone battery screen android camera charger",
        "computers": "laptop keyboard processor memory monitor desktop",
        "robots": "drone sensor automation actuator machine arm",
        "security": "password hacker encryption malware firewall breach",
    },
    "office": {
        "pens": "ballpoint ink marker gel highlighter nib",
        "paper": "notebook envelope ream cardstock label pad",
        "printers": "toner cartridge scanner laser copier tray",
        "furniture": "chair desk shelf cabinet drawer lamp",
    },
    "movies": {
        "comedy": "laugh sitcom parody joke slapstick standup",
        "horror": "ghost zombie haunted scream vampire nightmare",
        "animation": "cartoon pixel puppet disney character studio",
        "western": "cowboy saloon sheriff horse outlaw desert",
    },
    "autos": {
        "electric": "tesla charging hybrid battery range plug",
        "trucks": "pickup diesel towing cargo bed axle",
        "racing": "lap pitstop formula driver circuit turbo",
        "motorcycles": "harley helmet throttle chopper biker exhaust",
    },
    "garden": {
        "flowers": "rose tulip bouquet petal orchid blossom",
        "vegetables": "tomato carrot lettuce compost harvest seed",
        "lawn": "mower grass fertilizer sprinkler weeds turf",
        "trees": "oak pruning maple timber leaf orchard",
    },
}
"""Category to sub-category to the words of its titles."""

NOISE = [
    "new",
    "best",
    "guide",
    "daily",
    "review",
    "classic",
    "modern",
    "simple",
    "great",
    "local",
    "weekly",
    "smart",
    "famous",
    "special",
    "favorite",
    "popular",
    "secret",
    "early",
    "late",
    "final",
    "first",
    "second",
    "double",
    "ultimate",
    "complete",
    "original",
    "fresh",
    "bright",
    "quiet",
    "quick",
    "global",
    "little",
    "major",
    "common",
    "rare",
    "recent",
    "weekend",
    "morning",
    "evening",
    "summer",
    "winter",
    "spring",
    "autumn",
    "story",
    "idea",
    "list",
    "report",
    "question",
    "answer",
]
"""Words that say nothing of their item's category."""

_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]


def made_up_words(count: int, start: int = 0) -> list[str]:
    """`count` distinct capitalised words without meaning, from the `start`-th on."""
    everything = ["".join(parts).capitalize() for parts in itertools.product(_SYLLABLES, repeat=3)]
    # A prime stride spreads neighbours over all first syllables and repeats no word before all were given.
    return [everything[(i * 7919) % len(everything)] for i in range(start, start + count)]


def themes(n_categories: int) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """`n_categories` categories with their sub-categories and words; made-up ones once the real ones run out."""
    real = [(name, [(sub, words.split()) for sub, words in subs.items()]) for name, subs in THEMES.items()]
    n_made_up = max(0, n_categories - len(real))
    words = iter(made_up_words(29 * n_made_up, start=1000))
    made_up = [
        (next(words), [(next(words), list(itertools.islice(words, 6))) for _ in range(4)]) for _ in range(n_made_up)
    ]
    return (real + made_up)[:n_categories]
