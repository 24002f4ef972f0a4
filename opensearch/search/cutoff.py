"""The cosine below which a hit is no match, as ``clipseek calibrate`` left it in an index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import InvalidOption
from ..index.version import Version
from ..query.query import Query


def outgrown(calibration: Mapping[str, Any], pictures: int) -> bool:
    """Whether an index of ``pictures`` has a fifth more of them than its cut-off was learnt with: more pictures, more chance
    hits.
    """
    learnt = calibration.get("pictures")
    return isinstance(learnt, int) and pictures > 1.2 * learnt


def with_calibrated_cut(query: Query, version: Version) -> Query:
    """``query`` with the cut-off that ``clipseek calibrate`` left in the index.

    Raises InvalidOption where it left none, and for a query that is not of words alone: pictures have other cosines with pictures.
    """
    alias, found = version.alias, version.calibration.get("cosine")
    if query.all_pictures or query.texts or query.like or query.unlike or query.unwanted:
        raise InvalidOption(
            "the calibrated cut-off is for searches by words alone, and without --text; give a cosine instead: --min-relevance 0.7"
        )
    if not isinstance(found, (int, float)):
        raise InvalidOption(
            f"index {alias} has no calibrated cut-off; learn one with: clipseek calibrate HELD-OUT --index {alias}, or give "
            "a cosine: --min-relevance 0.3"
        )
    return replace(query, min_cosine=float(found))
