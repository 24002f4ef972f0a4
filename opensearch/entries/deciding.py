"""What is to be done for one document: of an entry, or of a part of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Generic

from ..index.columns import DeclaredColumns
from ..index.documents import Item
from ..protocols import PictureT
from .decide import decide, with_places
from .known import Document
from .seen import Seen
from .steps import Changed, Coming, Foreign, New, Repeated, Step, Unchanged
from .texts import Texts, kept

#: Whether a document's pixels would be others today (``PixelRules.stale``).
Stale = Callable[[Mapping[str, Any], bytes], tuple[str, ...] | None]


class Deciding(Generic[PictureT]):
    """Decides by the document that is there, and by what came before in this run."""

    def __init__(self, columns: DeclaredColumns, seen: Seen, stale: Stale, texts: Texts) -> None:
        self._columns, self._seen, self._stale, self._texts = columns, seen, stale, texts

    def step(
        self,
        item: Item,
        data: bytes,
        document: Document | None,
        gone: tuple[str, ...],
        picture: Callable[[], Coming[PictureT]],
    ) -> Step[PictureT]:
        """For ``item``, read from ``data``; ``document`` has its id. ``picture`` is called where it is to be decoded."""
        first = item.first if item.own_id else self._seen.first(item.id, item.path)
        if first is not None:
            return Repeated(item, gone)
        crop = None if item.part is None else item.part.crop
        if document is None:
            return New(item, picture(), None, gone, text=self._texts.of(data, None, crop))
        verdict = decide(item, document.fields, self._columns)
        if verdict.state == "foreign":
            return Foreign(item, verdict.reason)
        met = self._stale(document.fields, data)
        if verdict.state == "encode" or met is not None:
            same = document.fields.get("content_hash") == item.content_hash
            # Other pixels may say another text; without a reader, what was read in them is better than nothing.
            text = self._texts.of(data, None, crop)
            before = kept(document.fields) if same and text is None else {}
            whole = replace(with_places(item, document.fields, self._columns), text=before)
            return New(whole, picture(), document.state, gone, met or (), text)
        text = self._texts.of(data, document.fields, crop)
        if verdict.fields or gone or text is not None:
            return Changed(item, verdict, document.state, gone, text, kept(document.fields))
        return Unchanged(item, item.id)
