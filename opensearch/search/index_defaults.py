"""What an index brings to its searches: the fusion and wording that it was tuned to, or a stored pipeline, and its calibrated
cut-off. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import InvalidOption
from ..index.version import Version
from ..query.fusion import Fusion
from ..query.limits import DEPTH, MAX_REACH, OCR_WEIGHT, Match
from ..query.page import Page
from ..query.query import Query

#: The fields of a Fusion by the names that ``_meta`` has for them.
_KEPT = {
    "fusion": "technique",
    "mean": "mean",
    "weight": "weight",
    "pipeline": "pipeline",
    "candidates": "depth",
    "ef_search": "ef_search",
    "complete": "complete",
}


@dataclass(frozen=True)
class Wording:
    """How a caption is searched for words: ``match``, ``exact`` and ``ocr`` (``ocr_weight``) as in ``Query``, but chosen. ``ocr``
    is None for an index in whose pictures no words were read.
    """

    match: Match = "any"
    exact: bool = False
    ocr: float | None = None

    def __str__(self) -> str:
        how = f"{self.match} of the words" + (" as they are written" if self.exact else "")
        return how if self.ocr is None else f"{how}, share of those in pictures {self.ocr:g}"


@dataclass(frozen=True)
class Setting:
    """A fusion, and how the words are searched for in captions. ``Version.search`` holds one; ``read`` and ``kept`` translate."""

    fusion: Fusion = field(default_factory=Fusion)
    wording: Wording = field(default_factory=Wording)

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Setting:
        """Of what lies in an index's ``_meta``. Raises InvalidOption for values that cannot be."""
        # What does not say how it was chosen was chosen before there were complete hybrids.
        fusion = {"complete": not kept, **{name: kept[key] for key, name in _KEPT.items() if key in kept}}
        wording = {name: kept[name] for name in ("match", "exact", "ocr") if name in kept}
        return cls(Fusion(**fusion), Wording(**wording))

    @classmethod
    def of(cls, version: Version) -> Setting:
        """That of the index, its own or the usual one. Raises InvalidOption as ``read`` does."""
        setting = cls.read(version.search)
        known = OCR_WEIGHT if setting.wording.ocr is None else setting.wording.ocr
        return replace(setting, wording=replace(setting.wording, ocr=known if version.has_text else None))

    def kept(self) -> dict[str, Any]:
        """As an index keeps it in its ``_meta``."""
        values = {key: getattr(self.fusion, name) for key, name in _KEPT.items()}
        wording = {"match": self.wording.match, "exact": self.wording.exact, "ocr": self.wording.ocr}
        return {key: value for key, value in (values | wording).items() if value is not None}

    def fusion_for(self, query: Query, page: Page) -> Fusion:
        """The fusion of ``query`` by default: the standard one but for a hybrid. A depth that does not reach the page's last hit
        is left out, and so is a pipeline, which was made for two clauses, of a query with more.
        """
        if query.resolved_kind != "hybrid":
            return Fusion()
        enough = self.fusion.depth is None or reach(self.fusion, query) >= page.end
        return replace(
            self.fusion,
            depth=self.fusion.depth if enough else None,
            pipeline=None if query.is_split else self.fusion.pipeline,
        )

    def worded(self, query: Query) -> Query:
        """``query`` with this wording where it is a hybrid that says none; the share of words in pictures holds for captions alone
        too.
        """
        if query.ocr_weight is None and self.wording.ocr is not None:
            query = replace(query, ocr_weight=self.wording.ocr)
        if query.resolved_kind != "hybrid":
            return query
        return replace(
            query,
            match=self.wording.match if query.match is None else query.match,
            exact=self.wording.exact if query.exact is None else query.exact,
        )

    def __str__(self) -> str:
        wider = "" if self.fusion.ef_search is None else f"; ef_search {self.fusion.ef_search}"
        return f"{self.fusion}; {self.wording}; depth {self.fusion.depth or DEPTH}{wider}"


def settle(version: Version, query: Query, fusion: Fusion | None, page: Page) -> tuple[Query, Fusion, Page]:
    """The three with the index's own defaults where they leave the choice to it.

    Raises InvalidOption where they make no search together, and for a calibrated cut-off that there is not.
    """
    setting = Setting.of(version)
    if query.ocr_weight is not None and not version.has_text:
        raise InvalidOption(
            f"no words were read in the pictures of index {version.alias}; leave --ocr-weight out, or read them with: "
            f"clipseek ingest SOURCE --index {version.alias} --ocr"
        )
    if page.min_cosine == "auto":
        page = replace(page, min_cosine=calibrated_cosine(version, query))
    if fusion is None:
        fusion = setting.fusion_for(query, page)
    check_together(query, fusion, page)
    return setting.worded(query), fusion, page


def check_together(query: Query, fusion: Fusion, page: Page) -> None:
    """Raise InvalidOption where the three, each good by itself, make no search."""
    if reach(fusion, query) < page.end:
        raise InvalidOption(
            f"{fusion.depth:,} candidates cannot be used; give at least the last hit's number, {page.end:,}, and at most "
            f"{MAX_REACH:,}"
        )
    if fusion.pipeline is not None and not query.fused:
        raise InvalidOption(f"a {query.resolved_kind} search has one clause and nothing to join; leave --pipeline out")
    if page.min_cosine is not None:
        if query.resolved_kind == "caption":
            raise InvalidOption("a caption search has no cosines to cut at; leave --caption or --min-relevance out")
        if query.is_split:
            raise InvalidOption(
                "several vector clauses have no one cosine to cut at; leave --clauses or --min-relevance out"
            )


def reach(fusion: Fusion, query: Query) -> int:
    """The last hit that paging through ``query`` can reach: a complete hybrid's pages hold the candidates of all clauses."""
    clauses = len(query.clause_names) if fusion.complete else 1
    return min(MAX_REACH, (fusion.depth or MAX_REACH) * clauses)


def kept_before_complete(version: Version) -> bool:
    """Whether the index has a default that was chosen before there were complete hybrids: it goes on without."""
    return bool(version.search) and "complete" not in version.search


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
