"""Raw files to items, interactions, targets and statistics.

Readers and writers are named by dotted path and imported when needed, so that a job depends on the one it uses.
"""

READERS = {
    "mind": "semtok.data.readers.mind",
    "amazon2014": "semtok.data.readers.amazon2014",
    "amazon2018": "semtok.data.readers.amazon2018",
    "amazon2023": "semtok.data.readers.amazon2023",
    "foursquare": "semtok.data.readers.foursquare",
    "yelp": "semtok.data.readers.yelp",
    "sequences": "semtok.data.readers.sequences",
    "table": "semtok.data.readers.table",
}
"""Modules that read a raw format: what they offer is `semtok.data.raw.Reader`."""

WRITERS = {
    "mind": "semtok.data.writers.mind",
    "amazon2014": "semtok.data.writers.amazon2014",
    "amazon2018": "semtok.data.writers.amazon2018",
    "amazon2023": "semtok.data.writers.amazon2023",
    "foursquare": "semtok.data.writers.foursquare",
    "yelp": "semtok.data.writers.yelp",
    "sequences": "semtok.data.writers.sequences",
}
"""Modules that write a synthetic world in an official raw format: `write(world, files)`. There is none of tables,
whose columns are a user's."""
