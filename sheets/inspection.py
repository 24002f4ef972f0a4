"""A sheet of pictures as a model sees them, each beside what decided its pixels."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .page import render_page, thumbnail

if TYPE_CHECKING:
    from PIL.Image import Image

_SIDE = 448  # pixels of a thumbnail's longer side


@dataclass(frozen=True, eq=False)
class Inspected:
    """A file: its ``name``, the ``facts`` by which its pixels came about, the whole ``picture``, and the ``square`` that the model
    takes of it; both None where it cannot be read, and the last fact is why."""

    name: str
    facts: tuple[str, ...]
    picture: Image | None = None
    square: Image | None = None


def inspection_sheet(entries: Iterable[Inspected], how: str) -> str:
    """A self-contained HTML page. ``how``: by which choices the pictures were read."""
    rows = "\n".join(map(_row, entries))
    body = f"<header><h1>As the model sees them</h1><p>{html.escape(how)}</p></header>\n<main>\n{rows}\n</main>"
    return render_page("clipseek data show", "inspection", body)


def grouped_sheet(groups: Iterable[tuple[str, Iterable[Inspected]]], how: str) -> str:
    """A self-contained HTML page of titled groups."""
    parts = (f"<h1>{html.escape(title)}</h1>\n" + "\n".join(map(_row, entries)) for title, entries in groups)
    body = f"<header><h1>Odd pictures</h1><p>{html.escape(how)}</p></header>\n<main>\n{chr(10).join(parts)}\n</main>"
    return render_page("clipseek data check", "inspection", body)


def _row(entry: Inspected) -> str:
    facts = "".join(f"<li>{html.escape(fact)}</li>" for fact in entry.facts)
    if entry.picture is None or entry.square is None:
        pictures = '<p class="none">not read</p>'
    else:
        square = thumbnail(entry.square.copy(), _SIDE)
        pictures = (
            f'<figure><img src="{square}" alt=""><figcaption>the model</figcaption></figure>'
            f'<figure><img src="{thumbnail(entry.picture.copy(), _SIDE)}" alt=""><figcaption>the whole</figcaption></figure>'
        )
    name = html.escape(entry.name)
    return f'<section>{pictures}<div><h2 dir="auto">{name}</h2><ul>{facts}</ul></div></section>'
