"""Errors of ``clipseek.evaluation``."""

from __future__ import annotations


class EvaluationError(Exception):
    """Base of every expected failure here; its message gives the value, what was expected, and the next command."""

    exit_code = 1


class BadVectors(EvaluationError):
    """Vectors of the wrong shape, with non-finite numbers, or not of unit length."""


class TooFewPairs(EvaluationError):
    """Fewer pairs than a figure needs."""
