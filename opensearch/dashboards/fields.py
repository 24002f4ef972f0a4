"""Which fields of which indexes saved objects use, and whether a server has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import opensearchpy

from ..errors import NotFound
from .panels import requests, vega_spec
from .saved_objects import SavedObject


@dataclass(frozen=True, order=True)
class Used:
    """A field of an index, and the title of what uses it."""

    index: str
    field: str
    by: str


@dataclass(frozen=True)
class Missing:
    """A field that is used and is not there; ``field`` is None where the whole index is not."""

    index: str
    field: str | None
    by: tuple[str, ...]


def used_fields(objects: Iterable[SavedObject]) -> list[Used]:
    """Every field that index patterns, saved searches and Vega panels among ``objects`` name, once for each that names it."""
    objects = list(objects)
    patterns = {each["id"]: each["attributes"]["title"] for each in objects if each["type"] == "index-pattern"}
    found: set[Used] = set()
    for each in objects:
        title = each["attributes"]["title"]
        for index, field in _fields(each, patterns):
            found.add(Used(index, field, title))
    return sorted(found)


def _fields(each: SavedObject, patterns: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    attributes = each["attributes"]
    if each["type"] == "index-pattern":
        for name in (attributes["timeFieldName"], *json.loads(attributes.get("fieldFormatMap", "{}"))):
            yield attributes["title"], name
    elif each["type"] == "search":
        index = patterns[each["references"][0]["id"]]
        for name in (*attributes["columns"], *(name for name, _ in attributes["sort"])):
            yield index, name
    elif each["type"] == "visualization":
        for request in requests(vega_spec(each)):
            for name in (request.time, *_named(request.body)):
                if name is not None:
                    yield request.index, name


def _named(node: Any) -> Iterator[str]:
    """The fields that a search's body names: of aggregations, ``term`` and ``terms`` queries, of ``sort`` and ``_source``."""
    if isinstance(node, list):
        for value in node:
            yield from _named(value)
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        if name in ("field", "path") and isinstance(value, str):
            yield value
        elif name == "_source":
            yield from value
        elif name == "sort":
            yield from (field for entry in value for field in entry)
        elif name in ("term", "terms") and isinstance(value, dict) and "field" not in value:
            yield from value
        else:
            yield from _named(value)


def missing_fields(client: opensearchpy.OpenSearch, used: Iterable[Used]) -> list[Missing]:
    """Those of the fields ``used`` that their indexes' mappings do not have."""
    by: dict[str, dict[str, list[str]]] = {}
    for each in used:
        by.setdefault(each.index, {}).setdefault(each.field, []).append(each.by)
    missing: list[Missing] = []
    for index, fields in by.items():
        there = mapped_fields(client, index)
        if there is None:
            titles = {title for titles in fields.values() for title in titles}
            missing.append(Missing(index, None, tuple(sorted(titles))))
            continue
        missing += [Missing(index, name, tuple(titles)) for name, titles in fields.items() if name not in there]
    return missing


def mapped_fields(client: opensearchpy.OpenSearch, index: str) -> set[str] | None:
    """The fields that every index behind the name has, with their parents and subfields; None where there is no index."""
    try:
        answer: Mapping[str, Any] = client.indices.get_mapping(index=index)
    except NotFound:
        return None
    sets = [set(_mapped(body["mappings"].get("properties", {}))) for body in answer.values()]
    return set.intersection(*sets) if sets else None


def _mapped(properties: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, body in properties.items():
        yield above + name
        for inside in ("properties", "fields"):
            yield from _mapped(body.get(inside, {}), f"{above}{name}.")
