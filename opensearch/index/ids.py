"""Ids of pictures as people see and type them: one that is a hash by its first digits, as git does. Pure."""

from __future__ import annotations

import re

#: Digits of a hash, and those that are shown.
HASH, SHOWN = 64, 12
_DIGITS = re.compile(r"[0-9a-f]{4,64}")


def short_id(name: str) -> str:
    """``name`` as tables show it: the first digits of a hash, any other id whole."""
    return name[:SHOWN] if len(name) == HASH and _DIGITS.fullmatch(name) else name


def may_be_short(name: str) -> bool:
    """Whether ``name`` can be the first digits of a hash: 4 hexadecimal digits or more."""
    return len(name) < HASH and _DIGITS.fullmatch(name) is not None
