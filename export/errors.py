"""Errors of ``clipseek.export``.

ExportError
└── ExportRefused        the bundle would not give the checkpoint's vectors, or loses more than allowed; nothing is written
"""

from __future__ import annotations


class ExportError(Exception):
    """Base of every expected failure here; its message gives the value, what was expected, and the next command."""

    exit_code = 1


class ExportRefused(ExportError):
    """The bundle would not give the checkpoint's vectors, or loses more than allowed; nothing is written."""
