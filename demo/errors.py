"""Errors of ``clipseek.demo``."""

from __future__ import annotations


class DemoError(Exception):
    """Base of every expected failure here; its message gives the value, what was expected, and the next command."""

    exit_code = 1


class DataMissing(DemoError):
    """The pictures or models that ship with the repository are not here."""
