"""What an index brings to its searches: the fusion and wording that it was tuned to, and its calibrated cut-off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import InvalidOption
from ..index.version import Version
from ..query.fusion import Fusion
from ..query.page import Page
from ..query.query import Query
from ..query.setting import Setting


def with_index_defaults(
    version: Version, query: Query, fusion: Fusion | None, page: Page
) -> tuple[Query, Fusion, Page]:
    """The three with the index's own defaults where they leave the choice to it. Raises InvalidOption for a calibrated cut-off that
    there is not.
    """
    setting = Setting.read(version.search)
    if page.min_cosine == "auto":
        page = replace(page, min_cosine=calibrated_cosine(version, query))
    return setting.worded(query), setting.fusion_for(query, page) if fusion is None else fusion, page


def calibrated_cosine(version: Version, query: Query) -> float:
    """The cosine below which a hit of ``query`` is no match, as ``clipseek calibrate`` left it in the index.

    Raises InvalidOption where it left none, and for a query that is not of words alone: pictures have other cosines with pictures.
    """
    alias, cosine = version.alias, version.calibration.get("cosine")
    if query.all_pictures or query.texts or query.ids or query.unwanted:
        raise InvalidOption(
            "the calibrated cut-off is for searches by words alone, and without --text; give a cosine instead: --min-relevance 0.7"
        )
    if not isinstance(cosine, (int, float)):
        raise InvalidOption(
            f"index {alias} has no calibrated cut-off; learn one with: clipseek calibrate HELD-OUT --index {alias}, or give "
            "a cosine: --min-relevance 0.3"
        )
    return float(cosine)


def outgrown(calibration: Mapping[str, Any], pictures: int) -> bool:
    """Whether an index of ``pictures`` has a fifth more of them than its cut-off was learnt with: more pictures, more chance
    hits.
    """
    learnt = calibration.get("pictures")
    return isinstance(learnt, int) and pictures > 1.2 * learnt
