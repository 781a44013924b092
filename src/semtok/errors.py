"""Errors that a user can act on."""


class SemtokError(Exception):
    """A mistake in the input or the config; its message names the place, what was found and what was expected."""


class DataError(SemtokError):
    """A raw file cannot be used; the message names the file and, where there is one, the line."""


class ConfigError(SemtokError):
    """The config is wrong; the message lists every mistake with its path, value and expectation."""
