"""The requests of Vega panels, as Dashboards sends them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .saved_objects import SavedObject

#: In the request of a panel: the board's filters are to be added, and the board's time to this field.
_CONTEXT, _TIME_FIELD = "%context%", "%timefield%"


@dataclass(frozen=True)
class Request:
    """A search that a panel makes: the ``index``, its ``body``, and the field that the board's time limits, if one."""

    index: str
    body: dict[str, Any]
    time: str | None = None

    def within(self, begin: str, end: str = "now") -> dict[str, Any]:
        """The body with the board's time, ``begin`` and ``end`` as OpenSearch's date math has it."""
        body = copy.deepcopy(self.body)
        if self.time is not None:
            body["query"] = {"range": {self.time: {"gte": begin, "lte": end}}}
        return body


def vega_spec(panel: SavedObject) -> dict[str, Any]:
    """The Vega-Lite specification of a visualization."""
    spec: dict[str, Any] = json.loads(json.loads(panel["attributes"]["visState"])["params"]["spec"])
    return spec


def requests(spec: dict[str, Any]) -> Iterator[Request]:
    """The searches of a specification, wherever in it they stand."""
    for data in data_of(spec):
        url = data["url"]
        yield Request(url["index"], url["body"], url.get(_TIME_FIELD))


def data_of(node: Any) -> Iterator[dict[str, Any]]:
    """The parts of a specification whose rows come from a search."""
    if isinstance(node, dict):
        if isinstance(node.get("url"), dict) and "index" in node["url"]:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from data_of(value)


def rows(data: dict[str, Any], answer: Any) -> list[Any]:
    """Those of a search's ``answer`` that the panel draws, by the path in its ``format``."""
    for name in filter(None, data.get("format", {}).get("property", "").split(".")):
        answer = answer[name]
    return answer if isinstance(answer, list) else [answer]
