"""What a picture is in the index: its document, and what must be written when a source says something new. Pure.

A document with the same ``content_hash`` has the same vector, so a changed caption is written without encoding again.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from clipseek.encoder.pictures.parts import Part
from clipseek.files.text import without_surrogates
from clipseek.sources import Record
from numpy.typing import NDArray

from .columns import DeclaredColumns, Unfound
from .image_uri import image_uri
from .places import Place, entry_fields, entry_key, entry_token, fields_of, with_place
from .whole import Whole
from .words.captions import stored_captions

#: OpenSearch's limit for ``_id``, in bytes of UTF-8.
LONGEST_ID = 512
#: The fields that a source decides, besides the picture; read back to see whether a document is still true.
COMPARED = (
    "content_hash",
    "image_uri",
    "caption",
    "metadata",
    "pixel_rules",
    "text",
    "text_by",
    "source_places",
    "source_names",
    "source_entries",
    "part",
)


@dataclass(frozen=True)
class Item:
    """A picture on its way into the index: the document's id and fields without vector, size and time.

    ``caption_cut``: bytes of the caption that were left out (``captions.stored_caption``). ``unfound``: its values that no filter
    will find. ``own_id``: whether its source gave the id; else it is the hash of its bytes; ``first``, the file that came with that
    id before in this run, if any. ``source``, ``key``, ``token``: how the
    entry is known again (``places.py``); ``captions`` are its captions one by one, ``captions_in`` how many the entry brought;
    ``others``, further entries with its bytes. ``text``: fields of the words read in it (``entries/texts.py``), if any. ``part``:
    what of its picture or file it is, where the entry is several documents; these share ``whole``.
    """

    id: str
    path: Path
    content_hash: str
    image_uri: str
    caption: str
    metadata: Mapping[str, Any]
    caption_cut: int = 0
    unfound: tuple[Unfound, ...] = ()
    own_id: bool = True
    first: Path | None = None
    source: str = ""
    key: str = ""
    token: str | None = None
    captions: tuple[str, ...] = ()
    captions_in: int = 0
    others: tuple[Place, ...] = ()
    text: Mapping[str, str] = field(default_factory=dict)
    part: Part | None = None
    whole: Whole | None = None

    @property
    def place(self) -> Place:
        """The entry as a document of several entries, or without an id of its own, keeps it."""
        return Place(self.image_uri, self.source, self.key, self.token, self.captions, self.metadata)

    def read(self, content_hash: str) -> Item:
        """The item, now that its file's bytes are known by their SHA-256."""
        return replace(self, id=self.id if self.own_id else content_hash, content_hash=content_hash)

    def parted(self, part: Part, whole: Whole) -> Item:
        """The item of ``part`` of it. Raises ValueError with the reason where the id would be too long."""
        name = f"{self.id}:{part.name}"
        if (size := len(name.encode("utf-8"))) > LONGEST_ID:
            raise ValueError(f"the id of its part has {size} bytes; OpenSearch takes {LONGEST_ID}")
        return replace(self, id=name, part=part, whole=whole)

    @property
    def kept_part(self) -> dict[str, Any] | None:
        """``part`` as its document keeps it."""
        return None if self.part is None or self.whole is None else self.part.as_dict(self.whole.id)

    def difference(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """The fields in which the indexed ``known`` differs, as a partial update; empty where it is true already.

        A partial update merges objects, so what is gone is set to null; a null is as good as absent.
        """
        changed: dict[str, Any] = {}
        if known.get("image_uri") != self.image_uri:
            changed["image_uri"] = self.image_uri
        if (known.get("caption") or "") != self.caption:
            changed["caption"] = self.caption or None
        if values := changed_values(known.get("metadata") or {}, self.metadata):
            changed["metadata"] = values
        return changed

    def document(
        self,
        vector: NDArray[np.float32],
        width: int,
        height: int,
        now: str,
        appearance: bytes = b"",
        rules: Collection[str] = (),
    ) -> dict[str, Any]:
        """The whole document.

        ``vector``: (D,) float32, a unit row; ``width`` and ``height`` in pixels; ``now`` ISO 8601; ``appearance`` as
        ``protocols.Picture`` has it; ``rules``: ``name:version`` of those that decided the picture's pixels.
        """
        fields: dict[str, Any] = {
            "image_id": self.id,
            "image_uri": self.image_uri,
            "content_hash": self.content_hash,
            "image_vector": vector,
            "width": width,
            "height": height,
            "ingested_at": now,
        }
        if appearance:
            fields["look"] = base64.b64encode(appearance).decode()
        if rules:
            fields["pixel_rules"] = sorted(set(rules))
        if part := self.kept_part:
            fields["part"] = part
        if self.caption:
            fields["caption"] = self.caption
        fields.update({name: value for name, value in self.text.items() if value})
        if self.metadata:
            fields["metadata"] = dict(self.metadata)
        if self.key and self.own_id and not self.others:
            fields.update(entry_fields([(self.source, self.key, self.token)]))
        elif self.key:
            whole = fields_of(with_place(self.others, self.place, lambda place: False))
            fields.update({name: value for name, value in whole.items() if value})
        return fields


def changed_values(known: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What makes ``metadata`` of the indexed ``known`` by a partial update: what is new or other, and null for what is gone."""
    there = {name: value for name, value in known.items() if value is not None}
    return {
        **{name: value for name, value in metadata.items() if there.get(name) != value},
        **dict.fromkeys(there.keys() - metadata.keys()),
    }


def item(
    record: Record,
    content_hash: str,
    columns: DeclaredColumns,
    source: str = "",
    number: int = 0,
    stat: str | None = None,
) -> Item:
    """The item of ``record``, whose file's bytes have this SHA-256; ``columns`` are the index's.

    It is the ``number``-th entry of ``source`` with that id, or of that file where it has none; ``stat`` is its file's size and
    time. Raises ValueError with the reason where the record's id is too long.
    """
    name = without_surrogates(record.id) if record.id is not None else content_hash
    if (size := len(name.encode("utf-8"))) > LONGEST_ID:
        raise ValueError(f"its id has {size} bytes; OpenSearch takes {LONGEST_ID}")
    kept, caption, cut = stored_captions(record.captions)
    metadata, unfound = columns.values(record)
    uri = image_uri(record.image)
    key = entry_key(source, uri if record.id is None else f"id:{name}", number)
    return Item(
        id=name,
        path=record.image,
        content_hash=content_hash,
        image_uri=uri,
        caption=caption,
        metadata=metadata,
        caption_cut=cut,
        unfound=unfound,
        own_id=record.id is not None,
        source=source,
        key=key,
        token=None if stat is None else entry_token(key, stat, f"{uri} {caption}", metadata),
        captions=kept,
        captions_in=len(record.captions),
    )


def create_action(index: str, name: str, document: Mapping[str, Any]) -> bytes:
    """Two lines of a bulk body that make ``document``, and fail where something has this id."""
    return _two_lines({"create": {"_index": index, "_id": name}}, document)


def index_action(index: str, name: str, document: Mapping[str, Any], state: Mapping[str, int] | None = None) -> bytes:
    """Two lines of a bulk body that put ``document`` in place of what has this id; ``state``: as ``update_action``."""
    return _two_lines({"index": {"_index": index, "_id": name, **(state or {})}}, document)


def update_action(
    index: str, name: str, changed: Mapping[str, Any], now: str | None, state: Mapping[str, int] | None = None
) -> bytes:
    """Two lines of a bulk body that change some fields and leave the vector, at the time ``now`` if there is one. ``state``:
    ``if_seq_no`` and ``if_primary_term`` of the document that the change was made for; another is not changed.
    """
    dated = {**changed, "ingested_at": now} if now else dict(changed)
    return _two_lines({"update": {"_index": index, "_id": name, **(state or {})}}, {"doc": dated})


def delete_action(index: str, name: str, state: Mapping[str, int] | None = None) -> bytes:
    """The line of a bulk body that deletes a document; ``state``: as ``update_action``."""
    return orjson.dumps({"delete": {"_index": index, "_id": name, **(state or {})}}) + b"\n"


def _two_lines(head: Mapping[str, Any], body: Mapping[str, Any]) -> bytes:
    return orjson.dumps(head) + b"\n" + orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n"


def timestamp() -> str:
    """Now in UTC, ISO 8601, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
