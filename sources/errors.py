"""Errors of ``clipseek.sources``."""

from __future__ import annotations


class SourceError(Exception):
    """Base of every expected failure here; its message gives the value, what was expected, and the next command."""

    exit_code = 1


class SourceNotFound(SourceError):
    """The manifest or folder is not there, or cannot be read."""


class UnknownLayout(SourceError):
    """Nothing says how to read this source."""


class MissingColumn(SourceError):
    """A manifest without the named column."""


class MalformedSource(SourceError):
    """A line, cell or sidecar that does not follow its format."""


class UnknownSplit(SourceError):
    """A split was wanted that the source does not have."""
