"""Errors of ``clipseek.demo``.

DemoError
"""

from __future__ import annotations


class DemoError(Exception):
    """Base of every expected failure here; its message gives the value, what was expected, and the next command."""

    exit_code = 1
