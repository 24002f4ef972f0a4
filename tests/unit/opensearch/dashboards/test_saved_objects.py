"""The objects against what Dashboards' own migrations and mappings say of their types (branches 2.19 and main, 3.6)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from clipseek.opensearch.dashboards.panels import data_of, requests, vega_spec
from clipseek.opensearch.dashboards.saved_objects import Boards, Corpus, ndjson
from clipseek.opensearch.dashboards.shipped import BOARDS, PATH

#: Of each type: the version of its last migration, attributes that it does not work without, and those that are JSON in a string.
TYPES: dict[str, tuple[str, set[str], set[str]]] = {
    "index-pattern": ("7.6.0", {"title", "timeFieldName", "fields"}, {"fields", "fieldFormatMap"}),
    "search": ("7.9.3", {"title", "columns", "sort", "kibanaSavedObjectMeta"}, set()),
    "visualization": (
        "7.10.0",
        {"title", "visState", "uiStateJSON", "kibanaSavedObjectMeta"},
        {"visState", "uiStateJSON"},
    ),
    "dashboard": ("7.9.3", {"title", "panelsJSON", "optionsJSON", "timeRestore"}, {"panelsJSON", "optionsJSON"}),
}
ALLOWED = {
    "index-pattern": {"title", "timeFieldName", "fields", "fieldFormatMap"},
    "search": {"title", "description", "hits", "columns", "sort", "version", "kibanaSavedObjectMeta"},
    "visualization": {"title", "description", "visState", "uiStateJSON", "version", "kibanaSavedObjectMeta"},
    "dashboard": {
        *("title", "description", "hits", "panelsJSON", "optionsJSON", "version", "timeRestore", "timeFrom", "timeTo"),
        *("refreshInterval", "kibanaSavedObjectMeta"),
    },
}
SHIPPED: list[dict[str, Any]] = [json.loads(line) for line in PATH.read_text("utf-8").splitlines()]
PICTURES = Boards(
    (Corpus("icons", ("set", "a.b", "c", "d"), "http://serve/thumbnails/icons?id={id}&signature=s"), Corpus("photos"))
).objects()


def named(each: dict[str, Any]) -> str:
    return str(each["id"])


def test_the_shipped_file_is_what_the_sources_say() -> None:
    assert ndjson(BOARDS.objects()) == PATH.read_text("utf-8"), "run: python -m clipseek.opensearch.dashboards.shipped"


@pytest.mark.parametrize("each", [*SHIPPED, *PICTURES], ids=named)
def test_an_object_is_of_a_known_type_and_form(each: dict[str, Any]) -> None:
    version, needed, inner = TYPES[each["type"]]
    assert each.keys() == {"id", "type", "attributes", "references", "migrationVersion"}
    assert each["migrationVersion"] == {each["type"]: version}
    attributes = each["attributes"]
    assert needed <= attributes.keys() <= ALLOWED[each["type"]]
    for name in inner & attributes.keys():
        assert isinstance(json.loads(attributes[name]), (dict, list))
    if "kibanaSavedObjectMeta" in attributes:
        source = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
        assert source["query"]["language"] == "kuery"
        # Ids stand in the references alone, under a name.
        assert "index" not in source
        references = {each["name"] for each in each["references"]}
        assert source.get("indexRefName") in (references if each["type"] == "search" else {None})


@pytest.mark.parametrize("objects", [SHIPPED, PICTURES], ids=["shipped", "pictures"])
def test_references_lead_to_objects_before_and_ids_are_unique(objects: list[dict[str, Any]]) -> None:
    seen: set[tuple[str, str]] = set()
    for each in objects:
        for reference in each["references"]:
            assert reference.keys() == {"name", "type", "id"}
            assert (reference["type"], reference["id"]) in seen, each["id"]
        assert (each["type"], each["id"]) not in seen
        seen.add((each["type"], each["id"]))


@pytest.mark.parametrize("objects", [SHIPPED, PICTURES], ids=["shipped", "pictures"])
def test_panels_of_a_board_lie_side_by_side_and_have_their_references(objects: list[dict[str, Any]]) -> None:
    boards = [each for each in objects if each["type"] == "dashboard"]
    assert len(boards) == 2
    for board in boards:
        panels = json.loads(board["attributes"]["panelsJSON"])
        assert [panel["panelRefName"] for panel in panels] == [each["name"] for each in board["references"]]
        taken: set[tuple[int, int]] = set()
        for panel in panels:
            grid = panel["gridData"]
            assert panel["panelIndex"] == grid["i"]
            assert grid["x"] + grid["w"] <= 48
            cells = {
                (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
            }
            assert not cells & taken
            taken |= cells


@pytest.mark.parametrize("each", [each for each in SHIPPED if each["type"] == "visualization"], ids=named)
def test_a_panel_asks_as_dashboards_lets_it(each: dict[str, Any]) -> None:
    state = json.loads(each["attributes"]["visState"])
    assert (state["type"], state["title"], state["aggs"]) == ("vega", each["attributes"]["title"], [])
    spec = vega_spec(each)
    assert spec["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json"
    assert "${" not in json.dumps(each)
    (data,), (request,) = list(data_of(spec)), list(requests(spec))
    # With the board's filters and time, Dashboards refuses a query in the body; and it counts "interval" by itself.
    assert data["url"]["%context%"] is True
    assert "query" not in request.body
    assert request.time == (None if request.index == "demo-icons" else "at")


def test_pictures_are_shown_by_url_formats_with_signed_links() -> None:
    formats = {
        each["attributes"]["title"]: json.loads(each["attributes"].get("fieldFormatMap", "{}"))
        for each in PICTURES
        if each["type"] == "index-pattern"
    }
    shown = formats["icons"]["image_id"]
    assert formats["clipseek-feedback"] == {"document": shown}
    # That format is of one index, and so is the table.
    (opened,) = (each for each in PICTURES if each["id"] == "clipseek-table-opened-pictures")
    source = json.loads(opened["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    assert source["query"]["query"] == 'index: "icons"'
    assert (shown["id"], shown["params"]["type"]) == ("url", "img")
    assert shown["params"]["urlTemplate"] == "http://serve/thumbnails/icons?id={{value}}&signature=s"
    assert formats["photos"] == formats["clipseek-ingests"] == {}
