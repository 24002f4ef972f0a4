"""The settings that ``clipseek tune`` compares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import opensearchpy
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.fusion import MEANS, Fusion, Mean, Technique
from clipseek.opensearch.query.limits import DEPTH, OCR_WEIGHT
from clipseek.opensearch.search.index_defaults import Setting, Wording

WEIGHTS = tuple(tenths / 10 for tenths in range(1, 10))
#: For the arithmetic mean alone: one clause ranks, and the other breaks its ties, or does nothing.
EDGES = (0.0, 0.01, 0.02, 0.05, 0.95, 0.98, 0.99, 1.0)
#: Candidates of each clause. The default of a search comes first: of equal settings the first is chosen.
DEPTHS = (DEPTH, 100, 50, 25)
WORDINGS = (Wording(), Wording("most"), Wording("all"), Wording("any", True), Wording("all", True))
#: Shares of the words in pictures beside the captions, other than the usual one.
OCR_WEIGHTS = (0.0, 0.1, 0.25, 0.75)
RRF = Setting(Fusion("rrf", depth=DEPTH, complete=True))


def fusions(*, ranks: bool = True) -> list[Setting]:
    """Every fusion that OpenSearch 2.19 can do, over the usual candidates, complete and then not. ``ranks``: rrf too, which older
    servers do not have for several shards.
    """
    techniques: tuple[Technique, ...] = ("min_max", "l2")
    arithmetic: tuple[Mean, ...] = ("arithmetic",)
    kinds = [*product(techniques, MEANS, WEIGHTS), *product(techniques, arithmetic, EDGES)]
    complete = [Setting(Fusion(*kind, depth=DEPTH, complete=True)) for kind in kinds]
    both = [*([RRF] if ranks else []), *complete]
    return [*both, *(replace(each, fusion=replace(each.fusion, complete=False)) for each in both)]


def grid(wordings: Iterable[Wording] = WORDINGS, *, ranks: bool = True) -> list[Setting]:
    """Every fusion with every wording and depth."""
    variants = product(wordings, DEPTHS, fusions(ranks=ranks))
    return [Setting(replace(setting.fusion, depth=depth), wording) for wording, depth, setting in variants]


def supported_wordings(client: opensearchpy.OpenSearch, version: Version) -> tuple[Wording, ...]:
    """The wordings that the index's mapping allows: ``exact`` needs the field ``caption.exact``. Where words in pictures were read,
    each with the usual share of these, and the usual wording with other shares.
    """
    caption = client.indices.get_mapping(index=version.index)[version.index]["mappings"]["properties"]["caption"]
    usual = [wording for wording in WORDINGS if not wording.exact or "exact" in caption.get("fields", {})]
    if not version.has_text:
        return tuple(usual)
    both = [replace(wording, ocr=OCR_WEIGHT) for wording in usual]
    return (*both, *(replace(both[0], ocr=share) for share in OCR_WEIGHTS))
