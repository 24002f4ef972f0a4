"""Where a document comes from: the entries of sources that it stands for, and how they are known again. Pure.

A document whose source gives it no id stands for bytes, and these may lie in several places, of one source or of several; one with
an id of its own may have several rows. Each is kept with what its source said of it (``source_places``; of an id that has one row,
the document's own fields say it), and the document has all captions. ``source_entries`` holds, for each
entry, a key, by which it is found again, and a token, which changes with anything that the source says of it, with the file's
size and time, and with the rules by which files become pixels: what has its token in the index is not read again.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from clipseek.encoder.pictures.rules import VERSIONS

from .words.captions import stored_caption

#: Raised when the rules change by which an entry becomes a document, so that all are looked at again.
_RULES = 1


def entry_key(source: str, name: str, number: int = 0) -> str:
    """The key of the entry that ``source`` calls ``name``, the ``number``-th of that name."""
    return "k" + _digest([source, name, number])


def entry_token(key: str, stat: str, caption: str, metadata: Mapping[str, Any]) -> str:
    """The token of the entry ``key``, whose file has ``stat`` (size and time)."""
    return "t" + _digest([_RULES, VERSIONS, key, stat, caption, dict(metadata)])


def _digest(value: object) -> str:
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return base64.urlsafe_b64encode(hashlib.blake2b(data, digest_size=15).digest()).decode()


@dataclass(frozen=True)
class Place:
    """One entry of a source that a document stands for. ``token``: None where it is to be looked at again."""

    uri: str
    source: str
    key: str
    token: str | None
    captions: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def is_of(self, uri: str) -> bool:
        """True for a place of that file whose source has no name, so that a named one takes its part: an older clipseek wrote it,
        or it came through a pipe.
        """
        return not self.source and self.uri == uri

    def gives_way_to(self, own: Place) -> bool:
        """True for the same entry as ``own``, and where ``own`` takes the part of a nameless one of its file (``is_of``). Several
        rows of a nameless source, each with its captions, stand beside each other."""
        return self.key == own.key or (self.is_of(own.uri) and bool(own.source or not self.key))

    def as_dict(self) -> dict[str, Any]:
        """As the document keeps it."""
        found: dict[str, Any] = {"uri": self.uri, "source": self.source, "key": self.key, "token": self.token}
        if self.captions:
            found["captions"] = list(self.captions)
        if self.metadata:
            found["metadata"] = dict(self.metadata)
        return found

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Place:
        """``as_dict`` back."""
        return cls(
            str(kept.get("uri", "")),
            str(kept.get("source") or ""),
            str(kept.get("key", "")),
            kept.get("token"),
            tuple(kept.get("captions") or ()),
            dict(kept.get("metadata") or {}),
        )


def places_of(document: Mapping[str, Any]) -> list[Place]:
    """The places of a document; of one that has none in ``source_places``, the one that its fields speak of."""
    kept = document.get("source_places")
    if kept:
        return [Place.read(place) for place in kept]
    uri = document.get("image_uri")
    if not uri:
        return []
    captions = tuple(filter(None, (document.get("caption") or "").split("\n")))
    there = {name: value for name, value in (document.get("metadata") or {}).items() if value is not None}
    entries = [str(value) for value in document.get("source_entries") or ()]
    key = next((value for value in entries if value.startswith("k")), "")
    token = next((value for value in entries if value.startswith("t")), None)
    source = next(iter(document.get("source_names") or ()), "")
    return [Place(str(uri), source, key, token, captions, there)]


def with_place(places: Iterable[Place], own: Place, gone: Callable[[Place], bool]) -> list[Place]:
    """``places`` with ``own``, in the order of their names, without those that are ``gone`` and that of the same file without a
    source.
    """
    others = [place for place in places if not place.gives_way_to(own) and not gone(place)]
    return sorted([*others, own], key=lambda place: (place.uri, place.key))


def fields_of(places: Sequence[Place]) -> dict[str, Any]:
    """What the places say together: the first one's file, every caption once, the first value of each column; and the entries."""
    captions = dict.fromkeys(caption for place in places for caption in place.captions)
    metadata: dict[str, Any] = {}
    for place in places:
        for name, value in place.metadata.items():
            metadata.setdefault(name, value)
    return {
        "image_uri": places[0].uri,
        "caption": stored_caption(tuple(captions))[0],
        "metadata": metadata,
        "source_places": [place.as_dict() for place in places],
        **entry_fields([(place.source, place.key, place.token) for place in places]),
    }


def entry_fields(entries: Iterable[tuple[str, str, str | None]]) -> dict[str, Any]:
    """``source_names`` and ``source_entries`` of a document from the source, key and token of each entry."""
    sources: dict[str, None] = {}
    found: list[str] = []
    for source, key, token in entries:
        if source:
            sources[source] = None
        found += [value for value in (key, token) if value]
    return {"source_names": list(sources), "source_entries": found}
