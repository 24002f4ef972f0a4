"""Errors of ``clipseek.evaluation``.

EvaluationError
"""

from __future__ import annotations


class EvaluationError(Exception):
    """Base of every expected failure here; its message gives the value, what was expected, and the next command."""

    exit_code = 1
