"""A text, file or id with its weight, as people type it: ``cat-7@0.5``. Pure."""

from __future__ import annotations

from ..errors import InvalidOption
from .limits import MAX_WEIGHT, MIN_WEIGHT


def read_weight(text: str) -> tuple[str, float]:
    """``a.jpg@0.5`` is ("a.jpg", 0.5), ``a.jpg`` is ("a.jpg", 1.0); a name that itself ends so is written ``name@2@1``.

    Raises InvalidOption for a weight that is not between 0.001 and 1,000.
    """
    name, at, written = text.rpartition("@")
    try:
        weight = float(written) if at and name and "_" not in written else None
    except ValueError:
        weight = None
    if weight is None:
        return text, 1.0
    if not MIN_WEIGHT <= weight <= MAX_WEIGHT:
        raise InvalidOption(f"weight {written[:40]} of {name[:80]!r} cannot be used; give {MIN_WEIGHT} to {MAX_WEIGHT}")
    return name, weight
