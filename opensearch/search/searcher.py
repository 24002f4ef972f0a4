"""Searching an index: by words, by a picture, by both; and saying of every hit why it is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import opensearchpy

from ..index import versions
from ..index.vectors import stored_vectors
from ..index.version import Version
from ..pipelines.server_support import check_fusion
from ..pipelines.stored_pipelines import with_pipeline
from ..protocols import AnyEncoder
from ..query.fusion import Fusion
from ..query.page import Page
from ..query.plan import Plan, make_plan
from ..query.query import Query
from ..query.scope import read_scope, scope_of
from ..query.vectors import cut_words, query_vectors
from .answer import Answer
from .ask import Asker
from .browse import Listing, browse, look_up, nearly_same
from .hits import Hit
from .index_defaults import Setting, settle
from .left_out import with_left_out, with_whole_phrases
from .whole_ids import with_whole_ids

#: Given the index version, the encoder that its vectors need.
LoadEncoder = Callable[[Version], AnyEncoder]


class Searcher:
    """Searches one index.

    encoder: the encoder of the model that filled the index. ``load_encoder`` gives one instead when the first search needs it:
        searches by captions alone, and by pictures of the index, need none.

    A search raises ModelMismatch where the index was filled by another model; so does the constructor, of ``encoder``.
    """

    def __init__(
        self,
        client: opensearchpy.OpenSearch,
        version: Version,
        encoder: AnyEncoder | None = None,
        *,
        load_encoder: LoadEncoder | None = None,
    ) -> None:
        self._client, self._version, self._load_encoder = client, version, load_encoder
        self._encoder = None if encoder is None else _checked(version, encoder)
        self._load_stored = partial(stored_vectors, client, version)
        self._asker = Asker(client, version, self._load_stored)

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
        if query.fused:
            check_fusion(lambda: self._asker.server_version, plan.fusion.technique, tuple(plan.weights.values()))
        return with_left_out(self._client, self._version, self._asker.ask(plan))

    def browse(
        self,
        page: Page | None = None,
        *,
        filters: Sequence[str] = (),
        any_filters: Sequence[str] = (),
        time_zone: str | None = None,
    ) -> Listing:
        """The pictures of the index for which the filters hold (as in ``Query``), in the order of ``Page.sort``, by default the
        newest first.
        """
        page, version = page or Page(), self._version
        scope = scope_of(filters, any_filters, page, version.fields, time_zone or version.time_zone)
        return browse(self._client, version, scope, page)

    def look_up(self, ids: Sequence[str]) -> list[Hit]:
        """The pictures ``ids`` of the index, without those that are not there."""
        return look_up(self._client, self._version, ids)

    def nearly_same(self, name: str, hits: Sequence[Hit]) -> list[Hit]:
        """Those of ``hits`` that are the same file as the picture ``name`` of the index, or look nearly the same."""
        return nearly_same(self._client, self._version, name, hits)

    def plan(self, query: Query, fusion: Fusion | None = None, page: Page | None = None) -> Plan:
        """What ``search`` would send. Encodes the query, and reads what the index and the server have for it."""
        query = with_whole_ids(self._client, self._version, query)
        query, fusion, page = settle(self._version, query, fusion, page or Page())
        query, notes = with_whole_phrases(self._client, self._version, query)
        fusion = with_pipeline(self._client, self._version, fusion, len(query.clause_names))
        scope = read_scope(query, page, self._version.fields, self._version.time_zone)
        vectors = query_vectors(query, self._loaded_encoder, self._load_stored)
        notes += cut_words(query, self._loaded_encoder)
        return replace(make_plan(query, fusion, page, scope, vectors), notes=notes)

    def default_fusion(self, query: Query, page: Page | None = None) -> Fusion:
        """How ``query`` is fused by default: a hybrid as ``clipseek tune`` or ``clipseek pipelines default`` left it in the index,
        others in the standard way. To change a part of it: ``default_fusion(query).changed(depth=500)``.
        """
        return Setting.of(self._version).fusion_for(query, page or Page())

    def _loaded_encoder(self) -> AnyEncoder | None:
        if self._encoder is None and self._load_encoder is not None:
            self._encoder = _checked(self._version, self._load_encoder(self._version))
        return self._encoder


def _checked(version: Version, encoder: AnyEncoder) -> AnyEncoder:
    version.check_model(encoder.fingerprint, encoder.dimension)
    return encoder
