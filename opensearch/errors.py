"""Errors of ``clipseek.opensearch``.

OpenSearchError
"""

from __future__ import annotations


class OpenSearchError(Exception):
    """Base of every expected failure here; its message gives the value, what was expected, and the next command."""

    exit_code = 1
