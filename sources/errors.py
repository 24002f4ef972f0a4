"""Errors of ``clipseek.sources``.

SourceError
"""

from __future__ import annotations


class SourceError(Exception):
    """Base of every expected failure here; its message gives the value, what was expected, and the next command."""

    exit_code = 1
