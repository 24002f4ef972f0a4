"""What becomes of an entry, given the document that has its id. Pure, but for looking whether a file is still there."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ..index.columns import DeclaredColumns, shown
from ..index.documents import Item, changed_values
from ..index.image_uri import image_place
from ..index.places import Place, entry_fields, fields_of, places_of, with_place

#: The kind of entries that are left out because their document is another source's.
FOREIGN = "id of another source"
#: Of a document, what a person sees; the others say where it comes from.
VISIBLE = ("image_uri", "caption", "metadata")


State: TypeAlias = Literal["encode", "unchanged", "replaced", "joined", "foreign"]


@dataclass(frozen=True)
class Verdict:
    """``encode``: its picture is another one. ``fields`` are to be written, none where all is true already; ``visible``, whether a
    person can see the change.
    """

    state: State
    fields: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""

    @property
    def visible(self) -> bool:
        return any(name in self.fields for name in VISIBLE)


def decide(item: Item, known: Mapping[str, Any], columns: DeclaredColumns) -> Verdict:
    """What ``item`` makes of the document ``known``, which has its id."""
    if item.own_id:
        verdict = _with_own_id(item, known, columns)
    else:
        fields, (state,) = merge([item], known, columns)
        verdict = Verdict(state, fields)
    if verdict.state in ("encode", "foreign") or item.kept_part == known.get("part"):
        return verdict
    return replace(verdict, fields={**verdict.fields, "part": item.kept_part})


def merge(
    items: Sequence[Item], known: Mapping[str, Any], columns: DeclaredColumns
) -> tuple[dict[str, Any], list[State]]:
    """The fields that make ``known`` a document of all ``items`` too, entries of one id; and what becomes of each."""
    places = [_retyped(place, columns) for place in places_of(known)]
    states: list[State] = []
    looked_for = cache(is_gone)  # the files of hundreds of rows are few
    for item in items:
        own = item.place
        mine = any(place.gives_way_to(own) for place in places)
        there = places
        places = with_place(there, own, lambda place, source=item.source: looked_for(place.uri, place.source, source))  # type: ignore[misc]
        if not mine and len(places) > 1:
            states.append("joined")
        else:
            before, after = fields_of(there) if there else {}, fields_of(places)
            states.append("replaced" if any(before.get(name) != after[name] for name in VISIBLE) else "unchanged")
    fields = difference(fields_of(places), known)
    if len(items) == 1 and states == ["unchanged"] and any(name in fields for name in VISIBLE):
        states = ["replaced"]
    return fields, states


def _with_own_id(item: Item, known: Mapping[str, Any], columns: DeclaredColumns) -> Verdict:
    if (verdict := of_another(item, known)) is not None:
        return verdict
    if known.get("source_places"):
        fields, (state,) = merge([item], known, columns)
        return Verdict(state, fields)
    changed = item.difference(known)
    kept = entry_fields([(item.source, item.key, item.token)]) if item.key else {}
    fields = {**changed, **{name: value for name, value in kept.items() if (known.get(name) or []) != value}}
    return Verdict("replaced" if changed else "unchanged", fields)


def of_another(item: Item, known: Mapping[str, Any]) -> Verdict | None:
    """What becomes of ``item``, which has an id of its own, where the document ``known`` of that id is of another source or of
    another picture; None where both are its own.
    """
    same = known.get("content_hash") == item.content_hash
    owners = known.get("source_names") or ()
    if item.source and owners and item.source not in owners:
        if same and (not item.difference(known) or any(_says(place, item) for place in places_of(known))):
            return Verdict("unchanged")
        return Verdict(
            "foreign",
            reason=f"its id {item.id!r} belongs to a document of {owners[0]}; give this source's ids a prefix of their own: "
            "--id-prefix NAME",
        )
    return None if same else Verdict("encode")


def _says(place: Place, item: Item) -> bool:
    """True where a document's ``place`` says what ``item`` does."""
    return (place.uri, place.captions, dict(place.metadata)) == (item.image_uri, item.captions, dict(item.metadata))


def difference(wanted: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``wanted`` the document ``known`` has not, as a partial update."""
    changed: dict[str, Any] = {}
    for name, value in wanted.items():
        if name == "metadata":
            if values := changed_values(known.get(name) or {}, value):
                changed[name] = values
        elif (known.get(name) or None) != (value or None):
            changed[name] = value or None
    return changed


def with_places(item: Item, known: Mapping[str, Any], columns: DeclaredColumns) -> Item:
    """``item``, which is about to be encoded again, with the other entries that its document ``known`` stands for."""
    if item.own_id and not (known.get("source_places") and known.get("content_hash") == item.content_hash):
        return item
    own = item.place
    merged = with_place(
        (_retyped(place, columns) for place in places_of(known)),
        own,
        lambda place: is_gone(place.uri, place.source, item.source),
    )
    return replace(item, others=tuple(place for place in merged if place is not own))


def without_entries(known: Mapping[str, Any], keys: Set[str], uris: Collection[str]) -> dict[str, Any] | None:
    """The fields to write where the entries of ``keys``, files of ``uris``, are no more of the document ``known``; None where
    nothing is left of it.
    """
    if not known.get("source_places") and not keys.isdisjoint(known.get("source_entries") or ()):
        return None
    left = [place for place in places_of(known) if place.key not in keys and not any(map(place.is_of, uris))]
    return difference(fields_of(left), known) if left else None


def _retyped(place: Place, columns: DeclaredColumns) -> Place:
    """Its values as they are read today: columns may have been declared since."""
    metadata = columns.typed(shown(place.metadata))[0]
    return Place(place.uri, place.source, place.key, place.token, place.captions, metadata)


def is_gone(uri: str, source: str, asking: str) -> bool:
    """True where the file of a place was moved or deleted, as far as that can be seen from here: it is of the source that is
    ``asking``, or its ``source`` would lie in a folder that is here.
    """
    there = image_place(uri)
    if there is None or os.path.lexists(there.file):
        return False
    if not source or source == asking:
        return True
    root = image_place(source)
    return root is not None and root.file.parent != Path("/") and root.file.parent.is_dir()
