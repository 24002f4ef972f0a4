"""The rooms and the arrows between them (docs/architecture.md): an import that is not in the table fails here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS: dict[str, set[str]] = {
    "mappings": set(),
    "sources": set(),
    "encoder": set(),
    "evaluation": set(),
    "opensearch": {"mappings", "sources"},
    "training": {"encoder", "evaluation", "sources"},
    "demo": {"encoder", "evaluation", "mappings", "opensearch", "sources", "training"},
    "cli": {"demo", "encoder", "evaluation", "mappings", "opensearch", "sources", "training"},
}
ONLY_IN: dict[str, set[str]] = {
    "torch": {"training", "demo"},
    "transformers": {"training", "demo"},
    "optimum": {"training"},
    "onnxruntime": {"encoder"},
    "opensearchpy": {"opensearch"},
    "click": {"cli"},
    "rich": {"cli"},
}


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
            if parts[0] == "clipseek" and len(parts) > 1 and parts[1] != room and parts[1] not in ROOMS[room]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
            if parts[0] in ONLY_IN and room not in ONLY_IN[parts[0]]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}, which belongs in {sorted(ONLY_IN[parts[0]])}")
            if parts[0] in ROOMS:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}; write clipseek.{name}")
    assert not wrong, "\n".join(wrong)
