"""Reads one iconify set: bodies with aliases and transforms resolved, categories, other names."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Drawing:
    """One drawing as a package has it."""

    set: str
    name: str
    body: str
    box: tuple[float, float, float, float]
    """View box: left, top, width, height."""
    names: tuple[str, ...] = ()
    """Other names of the same drawing."""
    categories: tuple[str, ...] = ()
    title: str | None = None
    tags: tuple[str, ...] = field(default=())


def _transformed(body: str, icon: Mapping[str, Any], box: tuple[float, float, float, float]) -> str:
    left, top, width, height = box
    moves = []
    turns = int(icon.get("rotate", 0)) % 4
    h_flip, v_flip = bool(icon.get("hFlip")), bool(icon.get("vFlip"))
    if h_flip and v_flip:
        turns, h_flip, v_flip = (turns + 2) % 4, False, False
    if turns and abs(width - height) < 1e-6:
        moves.append(f"rotate({turns * 90} {left + width / 2:g} {top + height / 2:g})")
    if h_flip:
        moves.append(f"translate({2 * left + width:g} 0) scale(-1 1)")
    if v_flip:
        moves.append(f"translate(0 {2 * top + height:g}) scale(1 -1)")
    return f'<g transform="{" ".join(moves)}">{body}</g>' if moves else body


def read_set(path: Path) -> Iterator[Drawing]:
    """Every visible drawing of the iconify file at `path`, in its order; aliases that only rename become `names` of their drawing."""
    data = json.loads(path.read_text())
    icons: dict[str, dict[str, Any]] = data["icons"]
    aliases: dict[str, dict[str, Any]] = data.get("aliases", {})
    categories = defaultdict(list)
    for category, members in data.get("categories", {}).items():
        for name in members:
            categories[name].append(category)
    other = defaultdict(list)
    drawn: list[tuple[str, dict[str, Any]]] = list(icons.items())
    for name, alias in aliases.items():
        parent = icons.get(alias["parent"])
        if parent is None or alias.get("hidden"):
            continue
        if any(alias.get(key) for key in ("rotate", "hFlip", "vFlip", "width", "height", "left", "top")):
            drawn.append((name, {**parent, **alias}))
        else:
            other[alias["parent"]].append(name)
    for name, icon in drawn:
        if icon.get("hidden"):
            continue
        box = tuple(
            float(icon.get(key, data.get(key, default)))
            for key, default in (("left", 0), ("top", 0), ("width", 16), ("height", 16))
        )
        box4 = (box[0], box[1], box[2], box[3])
        yield Drawing(
            data["prefix"],
            name,
            _transformed(icon["body"], icon, box4),
            box4,
            tuple(other[name]),
            tuple(categories[name]),
        )
