"""What a picture is in the index: its document, and what must be written when a source says something new. Pure.

A document with the same ``content_hash`` has the same vector, so a changed caption is written without encoding again.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from clipseek.files.text import without_surrogates
from clipseek.sources import Record
from numpy.typing import NDArray

from .captions import stored_caption
from .columns import DeclaredColumns, Unfound
from .image_uri import image_uri

#: OpenSearch's limit for ``_id``, in bytes of UTF-8.
LONGEST_ID = 512
#: The fields that a source decides, besides the picture; read back to see whether a document is still true.
COMPARED = ("content_hash", "image_uri", "caption", "metadata", "pixel_rules")


@dataclass(frozen=True)
class Item:
    """A picture on its way into the index: the document's id and fields without vector, size and time.

    ``caption_cut``: bytes of the caption that were left out (``captions.stored_caption``). ``unfound``: its values that no filter
    will find.
    """

    id: str
    path: Path
    content_hash: str
    image_uri: str
    caption: str
    metadata: Mapping[str, Any]
    caption_cut: int = 0
    unfound: tuple[Unfound, ...] = ()

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
        if self.caption:
            fields["caption"] = self.caption
        if self.metadata:
            fields["metadata"] = dict(self.metadata)
        return fields


def changed_values(known: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What makes ``metadata`` of the indexed ``known`` by a partial update: what is new or other, and null for what is gone."""
    there = {name: value for name, value in known.items() if value is not None}
    return {
        **{name: value for name, value in metadata.items() if there.get(name) != value},
        **dict.fromkeys(there.keys() - metadata.keys()),
    }


def item(record: Record, content_hash: str, columns: DeclaredColumns) -> Item:
    """The item of ``record``, whose file's bytes have this SHA-256; ``columns`` are the index's.

    Raises ValueError with the reason where the record's id is too long.
    """
    name = without_surrogates(record.id) if record.id is not None else content_hash
    if (size := len(name.encode("utf-8"))) > LONGEST_ID:
        raise ValueError(f"its id has {size} bytes; OpenSearch takes {LONGEST_ID}")
    caption, cut = stored_caption(record.captions)
    metadata, unfound = columns.values(record)
    return Item(
        id=name,
        path=record.image,
        content_hash=content_hash,
        image_uri=image_uri(record.image),
        caption=caption,
        metadata=metadata,
        caption_cut=cut,
        unfound=unfound,
    )


def index_action(index: str, name: str, document: Mapping[str, Any]) -> bytes:
    """Two lines of a bulk body that put ``document`` in place of what has this id."""
    head = orjson.dumps({"index": {"_index": index, "_id": name}})
    return head + b"\n" + orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n"


def update_action(index: str, name: str, changed: Mapping[str, Any], now: str) -> bytes:
    """Two lines of a bulk body that change some fields and leave the vector."""
    head = orjson.dumps({"update": {"_index": index, "_id": name}})
    return head + b"\n" + orjson.dumps({"doc": {**changed, "ingested_at": now}}) + b"\n"


def timestamp() -> str:
    """Now in UTC, ISO 8601, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
