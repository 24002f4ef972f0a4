"""The rooms, the rooms inside them, and the arrows between them (docs/architecture.md): any other import fails here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: Rooms that every other may import.
_EVERYWHERE = {"files"}
#: Whom each room may import: a room, or of a room one sub-room or file alone ("encoder.pictures").
ROOMS: dict[str, set[str]] = {
    "files": set(),
    "mappings": set(),
    "sources": {"encoder.pictures"},
    "encoder": set(),
    "evaluation": set(),
    "opensearch": {"encoder.pictures", "mappings", "sources"},
    "relevance": {"evaluation", "opensearch", "sources"},
    "export": {"encoder", "evaluation", "sources", "training.data", "training.errors", "training.model"},
    "testing": {"encoder", "opensearch"},
    "sheets": {"encoder.pictures", "evaluation", "opensearch"},
    "training": {"encoder", "evaluation", "sources"},
    "web": {"encoder", "opensearch", "relevance", "sheets"},
    "demo": {"encoder", "evaluation", "export", "mappings", "opensearch", "sheets", "sources", "training"},
    "cli": {
        "demo",
        "encoder",
        "evaluation",
        "export",
        "mappings",
        "opensearch",
        "relevance",
        "sheets",
        "sources",
        "training",
        "web",
    },
}
#: Inside a room, whom each sub-room may import; "." are the files beside the sub-rooms. ``_FOUNDATION`` is open to all of them but
#: to those in ``_ALONE``.
SUBROOMS: dict[str, dict[str, set[str]]] = {
    "encoder": {
        ".": {"pictures"},
        "pictures": set(),
        "bundle": {"pictures"},
        "device": {"bundle"},
        "ocr": {"device", "pictures"},
        "run": {"bundle", "device", "pictures"},
    },
    "cli": {".": {"options", "terminal"}, "options": {"terminal"}, "terminal": set()},
    "evaluation": {".": set(), "reports": {"."}},
    "export": {".": {"graph"}, "graph": set(), "imported": {".", "graph"}},
    "sources": {
        ".": {"data_sets", "embedded", "folders", "manifests", "tars"},
        "data_sets": {"folders", "manifests", "tars"},
        "embedded": {"tars"},
        "folders": {"embedded"},
        "manifests": set(),
        "tars": set(),
    },
    "opensearch": {
        ".": set(),
        "server": {"node"},
        "values": set(),
        "index": {"server", "values"},
        "bulk": {"server"},
        "entries": {"server", "values", "index"},
        "ingest": {"server", "values", "index", "bulk", "entries"},
        "query": {"server", "values", "index"},
        "pipelines": {"server", "index", "query"},
        "search": {"server", "values", "index", "query", "pipelines"},
        "neural": {"server", "index", "query", "search"},
        "dashboards": {"server", "index"},
        "security": set(),
        "node": {"security"},
    },
    "training": {
        ".": set(),
        "data": set(),
        "model": {"data"},
        "step": {"data", "model"},
        "run": {"data", "model", "step"},
        "reproduce": {"data", "model", "run"},
    },
    "web": {
        ".": {"api", "guard", "log", "pictures"},
        "api": {"guard", "log", "pictures"},
        "guard": set(),
        "log": set(),
        "mcp": {"api", "pictures"},
        "pictures": {"guard"},
        "process": {".", "guard", "log", "pictures"},
    },
}
#: Files beside the sub-rooms that each of them may import.
_FOUNDATION: dict[str, set[str]] = {
    "cli": set(),
    "encoder": {"errors"},
    "evaluation": set(),
    "export": {"errors"},
    "opensearch": {"errors", "protocols"},
    "sources": {
        "captions",
        "entries",
        "errors",
        "fields",
        "record",
        "splits",
        "system_files",
    },
    "training": {"config", "errors", "machine"},
    "web": {"decoding", "encoders", "errors", "settings", "state"},
}
#: Sub-rooms that import nothing of clipseek, so that any room may use them without the rest.
_ALONE: set[str] = {"encoder.pictures"}
ONLY_IN: dict[str, set[str]] = {
    "torch": {"training", "export", "demo"},
    "transformers": {"training", "export", "demo"},
    "optimum": {"export"},
    "onnx": {"export"},
    "onnxruntime": {"encoder", "export"},
    "opensearchpy": {"opensearch", "relevance", "web"},
    "click": {"cli"},
    "rich": {"cli"},
    "fastapi": {"web"},
    "mcp": {"web"},
    "prometheus_client": {"web"},
    "starlette": {"web"},
    "uvicorn": {"web"},
}


def allowed(name: str, modules: set[str]) -> bool:
    """Whether the dotted ``name`` is one of ``modules``, below clipseek, or lies inside one."""
    return any(f"{name}.".startswith(f"clipseek.{module}.") for module in modules)


def imports(path: Path) -> Iterator[str]:
    """Every module name imported anywhere in the file, relative ones made absolute."""
    package = ["clipseek", *path.relative_to(ROOT).parent.parts]
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_room_imports_only_what_the_table_allows(room: str) -> None:
    wrong: list[str] = []
    for path in (ROOT / room).rglob("*.py"):
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "clipseek" and len(parts) > 1 and not allowed(name, {room, *ROOMS[room], *_EVERYWHERE}):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
            if parts[0] in ONLY_IN and room not in ONLY_IN[parts[0]]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}, which belongs in {sorted(ONLY_IN[parts[0]])}")
            if parts[0] in ROOMS:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}; write clipseek.{name}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", sorted(SUBROOMS))
def test_no_sub_room_imports_one_above_it(room: str) -> None:
    table, wrong = SUBROOMS[room], list[str]()
    for path in (ROOT / room).rglob("*.py"):
        inside = path.relative_to(ROOT / room).parts
        if inside == ("__init__.py",):
            continue  # the room's public names, found late
        own = inside[0] if len(inside) > 1 else "."
        for name in imports(path):
            parts = name.split(".")
            if parts[:2] != ["clipseek", room] or len(parts) < 3:
                continue
            other = parts[2] if parts[2] in table else "."
            foundation = set() if f"{room}.{own}" in _ALONE else _FOUNDATION[room]
            if other in (own, *table[own]) or (other == "." and parts[2] in foundation):
                continue
            wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", sorted(SUBROOMS))
def test_every_sub_room_has_a_place_in_the_table(room: str) -> None:
    found = {path.parent.name for path in (ROOT / room).glob("*/__init__.py")}
    assert found == SUBROOMS[room].keys() - {"."}


def test_a_name_is_allowed_inside_a_module_alone() -> None:
    assert allowed("clipseek.encoder.pictures.images.open_image", {"encoder.pictures"})
    assert not allowed("clipseek.encoder.pictures_of_mine", {"encoder.pictures"})
    assert not allowed("clipseek.encoder.run.clip", {"encoder.pictures"})
    assert not allowed("clipseek.encoder", {"encoder.pictures"})
