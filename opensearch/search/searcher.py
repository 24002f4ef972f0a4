"""Searching an index: by words, by a picture, by both; and saying of every hit why it is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import opensearchpy
from numpy.typing import NDArray

from ..index import versions
from ..index.stored_vectors import stored_vectors
from ..index.version import Version
from ..protocols import AnyEncoder
from ..query.fusion import Fusion
from ..query.page import Page
from ..query.plan import Plan, check_together, make_plan, read_scope
from ..query.query import Query
from ..query.setting import Setting
from ..query.vectors import query_vectors
from .answer import Answer, read_answer
from .ask import Asker
from .hits import Hit
from .index_defaults import outgrown, with_index_defaults
from .stored_pipelines import with_pipeline
from .whole_ids import with_whole_ids

__all__ = ["Answer", "Hit", "Searcher"]

#: Given the index version, the encoder that its vectors need.
LoadEncoder = Callable[[Version], AnyEncoder]


class Searcher:
    """Searches one index.

    encoder: the encoder of the model that filled the index. ``load_encoder`` gives one instead when the first search needs it:
        searches by captions alone, and by pictures of the index, need none.
    shares: of a hybrid, ask for each clause's candidates as well, from which every hit's shares are computed; without,
        ``Hit.shares`` is empty.

    A search raises ModelMismatch where the index was filled by another model; so does the constructor, of ``encoder``.
    """

    def __init__(
        self,
        client: opensearchpy.OpenSearch,
        version: Version,
        encoder: AnyEncoder | None = None,
        *,
        load_encoder: LoadEncoder | None = None,
        shares: bool = True,
    ) -> None:
        self._client, self._version, self._load_encoder = client, version, load_encoder
        self._encoder = None if encoder is None else _guarded(version, encoder)
        self._asker = Asker(client, version, shares=shares)

    @classmethod
    def open(
        cls,
        client: opensearchpy.OpenSearch,
        alias: str,
        encoder: AnyEncoder | None = None,
        *,
        load_encoder: LoadEncoder | None = None,
    ) -> Searcher:
        """For the index behind ``alias``. Raises IndexMissing, ModelMismatch."""
        return cls(client, versions.current(client, alias), encoder, load_encoder=load_encoder)

    def search(self, query: Query, fusion: Fusion | None = None, page: Page | None = None) -> Answer:
        """The hits of ``page``, by default the first ten. ``fusion``: by default the index's own (``default_fusion``).

        Raises the errors of the tree: InvalidOption for what cannot be searched with, here or at all, and ServerError.
        """
        plan = self.plan(query, fusion, page)
        answers = self._asker.ask(plan)
        answer = read_answer(plan, answers, self._version.index)
        return replace(answer, notes=self._notes(plan.query, page, answer.documents))

    def plan(self, query: Query, fusion: Fusion | None = None, page: Page | None = None) -> Plan:
        """What ``search`` would send. Encodes the query, and reads what the index and the server have for it."""
        query, fusion, page = with_index_defaults(self._version, query, fusion, page or Page())
        check_together(query, fusion, page)
        query = with_whole_ids(self._client, self._version, query)
        scope = read_scope(query, page, self._version.fields)
        fusion = with_pipeline(self._client, self._version, fusion, len(query.clause_names))
        return make_plan(query, fusion, page, scope, self._vectors(query))

    def default_fusion(self, query: Query, page: Page | None = None) -> Fusion:
        """How ``query`` is fused by default: a hybrid as ``clipseek tune`` or ``clipseek pipelines default`` left it in the index,
        others in the standard way. To change a part of it: ``default_fusion(query).changed(depth=500)``.
        """
        return Setting.read(self._version.search).fusion_for(query, page or Page())

    def _vectors(self, query: Query) -> dict[str, NDArray[np.float32]]:
        """Each vector clause's."""
        if query.resolved_kind == "caption":
            return {}
        if self._encoder is None and self._load_encoder is not None and query.needs_model:
            self._encoder = _guarded(self._version, self._load_encoder(self._version))
        return query_vectors(query, self._encoder, stored_vectors(self._client, self._version, query.ids))

    def _notes(self, query: Query, page: Page | None, pictures: int) -> tuple[str, ...]:
        notes = []
        if query.cut:
            notes.append(f"the text is long; only its first {len(query.words):,} characters are searched for")
        calibration = self._version.calibration
        if page is not None and page.min_cosine == "auto" and outgrown(calibration, pictures):
            notes.append(
                f"the cut-off was learnt with {calibration['pictures']:,} pictures: more of them have more chance hits; run "
                "clipseek calibrate again"
            )
        return tuple(notes)


def _guarded(version: Version, encoder: AnyEncoder) -> AnyEncoder:
    version.check_model(encoder.fingerprint, encoder.dimension)
    return encoder
