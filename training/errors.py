"""Errors of ``clipseek.training``.

TrainingError
├── ModelUnavailable     a checkpoint that is not there, is no CLIP, or a hub that cannot be reached
├── UnusableData         nothing to learn from: no pairs, one pair, all captions equal
├── OutOfTime            the minutes of a run were over before its first step
└── Diverged             the loss is no longer a number; the last good checkpoint is kept
"""

from __future__ import annotations


class TrainingError(Exception):
    """Base of every expected failure here; its message gives the value, what was expected, and the next command."""

    exit_code = 1


class ModelUnavailable(TrainingError):
    """A checkpoint that is not there, is no CLIP, or a hub that cannot be reached."""


class UnusableData(TrainingError):
    """Nothing to learn from: no pairs, one pair, all captions equal."""


class OutOfTime(TrainingError):
    """The minutes of a run were over before its first step."""


class Diverged(TrainingError):
    """The loss is no longer a number; the last good checkpoint is kept."""
