"""Index patterns, saved searches, panels and boards as OpenSearch Dashboards imports them, from ``mappings/dashboards``. Pure.

A saved object holds JSON inside strings, and names others by its ``references`` alone; here both are made from plain JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..index.own_records import FEEDBACK, INGESTS, SEARCHES
from ..server.templates import fill

SavedObject: TypeAlias = dict[str, Any]
#: The version of each type's form: that of its last migration, the same in Dashboards 2.19 and in 3.x.
FORMS = {"index-pattern": "7.6.0", "search": "7.9.3", "visualization": "7.10.0", "dashboard": "7.9.3"}
_TIMES = {SEARCHES: "at", FEEDBACK: "at", INGESTS: "at"}
_FACETS = 6
_THUMBNAIL_PIXELS = 96
_SEARCH_SOURCE = "kibanaSavedObjectMeta.searchSourceJSON.index"


@dataclass(frozen=True)
class Corpus:
    """An index of pictures: its alias, and the declared keyword columns whose values are counted.

    ``thumbnails``: address of the thumbnail of a picture whose id, percent-encoded, stands for ``{id}``; None where tables show
    ids alone.
    """

    alias: str
    facets: Sequence[str] = ()
    thumbnails: str | None = None


@dataclass(frozen=True)
class Boards:
    """What is to be imported: boards of the records, and of what is in each of ``corpora``. A field has one format, so the table of
    pictures that were opened shows those of the first, and no others, where it has thumbnails.
    """

    corpora: Sequence[Corpus] = ()
    layout: Mapping[str, Any] = field(default_factory=lambda: fill("dashboards/boards.json"))

    def objects(self) -> list[SavedObject]:
        """All saved objects; each comes after those that it refers to."""
        tables = dict(self.layout["tables"])
        if self._opened is not None:
            only = {"query": f"index: {json.dumps(self._opened.alias)}"}
            tables["opened_pictures"] = {**tables["opened_pictures"], **only}
        names = [name for board in self.layout["boards"].values() for name, *_ in board["panels"]]
        return [
            *self._patterns(),
            *(_table(name, table) for name, table in tables.items()),
            *(_panel(name, fill(f"dashboards/panels/{name}.json")) for name in names),
            *(made for corpus in self.corpora for made in _corpus(corpus)),
            *(self._board(name, board) for name, board in self.layout["boards"].items()),
        ]

    @property
    def _opened(self) -> Corpus | None:
        return self.corpora[0] if self.corpora and self.corpora[0].thumbnails else None

    def _patterns(self) -> Iterator[SavedObject]:
        for index, time in _TIMES.items():
            yield _pattern(index, time, "document", self._opened if index == FEEDBACK else None)
        for corpus in self.corpora:
            yield _pattern(corpus.alias, "ingested_at", "image_id", corpus)

    def _board(self, name: str, board: Mapping[str, Any]) -> SavedObject:
        placed = [("visualization", _panel_id(panel), place) for panel, *place in board["panels"]]
        placed += [("search", _table_id(table), place) for table, *place in board["tables"]]
        if name == "ingest":
            placed += self._corpora_below(max(y + height for _, _, (_, y, _, height) in placed))
        panels, references = [], []
        for number, (kind, own, (x, y, width, height)) in enumerate(placed):
            place = {"x": x, "y": y, "w": width, "h": height, "i": str(number)}
            panels.append(
                {
                    "version": "7.3.0",
                    "gridData": place,
                    "panelIndex": str(number),
                    "embeddableConfig": {},
                    "panelRefName": f"panel_{number}",
                }
            )
            references.append({"name": f"panel_{number}", "type": kind, "id": own})
        attributes = {
            "title": board["title"],
            "description": board["description"],
            "hits": 0,
            "panelsJSON": json.dumps(panels),
            "optionsJSON": json.dumps({"useMargins": True, "hidePanelTitles": False}),
            "version": 1,
            "timeRestore": True,
            "timeFrom": f"now-{board['days']}d",
            "timeTo": "now",
            "refreshInterval": {"pause": True, "value": 0},
            **_meta({}),
        }
        return _object("dashboard", f"clipseek-{name}", attributes, references)

    def _corpora_below(self, top: int) -> Iterator[tuple[str, str, list[int]]]:
        """Kind, id and place of what is shown of each corpus."""
        for corpus in self.corpora:
            yield "visualization", _panel_id(f"{corpus.alias}-figures"), [0, top, 48, 4]
            top += 4
            facets = corpus.facets[:_FACETS]
            columns = min(3, len(facets))
            for number, name in enumerate(facets):
                row, column = divmod(number, columns)
                place = [column * 48 // columns, top + row * 14, 48 // columns, 14]
                yield "visualization", _panel_id(f"{corpus.alias}-{name}"), place
            top += -(-len(facets) // 3) * 14
            yield "search", _table_id(f"{corpus.alias}-pictures"), [0, top, 48, 18]
            top += 18


def ndjson(objects: Iterable[SavedObject]) -> str:
    """The file that Dashboards imports: an object a line."""
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects)


def _corpus(corpus: Corpus) -> Iterator[SavedObject]:
    alias = corpus.alias
    table = {
        "title": f"{alias}: pictures",
        "description": f"Pictures of index {alias}, the last ingested first.",
        "index": alias,
        "columns": ["image_id", "caption", *(f"metadata.{name}" for name in corpus.facets[:3]), "width", "height"],
    }
    yield _table(f"{alias}-pictures", table, "ingested_at")
    filled = {
        "index": alias,
        "title": f"{alias}: pictures in figures",
        "description": f"How many pictures index {alias} has.",
    }
    yield _panel(f"{alias}-figures", fill("dashboards/panels/corpus_figures.json", **filled))
    for name in corpus.facets[:_FACETS]:
        filled = {
            "index": alias,
            "field": f"metadata.{name}",
            "title": f"{alias}: pictures by {name}",
            "description": f"The most frequent values of {name}.",
        }
        yield _panel(f"{alias}-{name}", fill("dashboards/panels/corpus_facet.json", **filled))


def _pattern(index: str, time: str, id_field: str, shown: Corpus | None) -> SavedObject:
    """``shown``: whose thumbnails are shown in place of the ids in ``id_field``, if it has any."""
    attributes = {"title": index, "timeFieldName": time, "fields": "[]"}
    if shown is not None and shown.thumbnails is not None:
        formats = {id_field: _thumbnail(shown.thumbnails.replace("{id}", "{{value}}"))}
        attributes["fieldFormatMap"] = json.dumps(formats)
    return _object("index-pattern", _pattern_id(index), attributes)


def _thumbnail(template: str) -> dict[str, Any]:
    """A field format by which Dashboards shows a picture instead of a value."""
    size = _THUMBNAIL_PIXELS
    shown = {"type": "img", "urlTemplate": template, "labelTemplate": "{{value}}", "width": size, "height": size}
    return {"id": "url", "params": shown}


def _table(name: str, table: Mapping[str, Any], time: str = "at") -> SavedObject:
    attributes = {
        "title": table["title"],
        "description": table["description"],
        "hits": 0,
        "columns": table["columns"],
        "sort": [[time, "desc"]],
        "version": 1,
        **_meta({"highlightAll": True, "version": True, "indexRefName": _SEARCH_SOURCE}, table.get("query", "")),
    }
    pattern = {"name": _SEARCH_SOURCE, "type": "index-pattern", "id": _pattern_id(table["index"])}
    return _object("search", _table_id(name), attributes, [pattern])


def _panel(name: str, panel: Mapping[str, Any]) -> SavedObject:
    parameters = {"spec": json.dumps(panel["spec"], indent=2)}
    attributes = {
        "title": panel["title"],
        "description": panel["description"],
        "visState": json.dumps({"title": panel["title"], "type": "vega", "aggs": [], "params": parameters}),
        "uiStateJSON": "{}",
        "version": 1,
        **_meta({}),
    }
    return _object("visualization", _panel_id(name), attributes)


def _object(
    kind: str, own: str, attributes: Mapping[str, Any], references: Sequence[Mapping[str, str]] = ()
) -> SavedObject:
    return {
        "id": own,
        "type": kind,
        "attributes": dict(attributes),
        "references": list(references),
        "migrationVersion": {kind: FORMS[kind]},
    }


def _meta(source: Mapping[str, Any], query: str = "") -> dict[str, Any]:
    everything = {"query": {"query": query, "language": "kuery"}, "filter": [], **source}
    return {"kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(everything)}}


def _pattern_id(index: str) -> str:
    return f"clipseek-pattern-{index}"


def _table_id(name: str) -> str:
    return f"clipseek-table-{name.replace('_', '-')}"


def _panel_id(name: str) -> str:
    return f"clipseek-panel-{name.replace('_', '-')}"
