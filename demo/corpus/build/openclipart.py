"""Reads Debian's openclipart-svg: clip-art dedicated to the public domain, with title and keywords in each file's RDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from .iconify import Drawing

SET = "openclipart"
_ROOT = re.compile(r"<svg\b[^>]*>", re.S)
_ATTR = re.compile(r"""([\w:-]+)\s*=\s*("[^"]*"|'[^']*')""", re.S)
_ENTITY = re.compile(r"""<!ENTITY\s+([\w.-]+)\s+["']([^"']*)["']\s*>""")
_TITLE = re.compile(r"<cc:Work\b.*?<dc:title>\s*(.*?)\s*</dc:title>", re.S)
_KEYWORD = re.compile(r"<rdf:li>\s*(.*?)\s*</rdf:li>", re.S)
_PUBLIC_DOMAIN = re.compile(r'<cc:license rdf:resource="[^"]*[Pp]ublic[Dd]omain/?"')
_LENGTH = re.compile(r"^\s*([\d.]+(?:e[+-]?\d+)?)\s*(px|pt|pc|mm|cm|in)?\s*$")
_UNIT = {None: 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
_COLLECTION = re.compile(r"collection|theme|signs?$|symbol signs|clip ?art$|untitled|part of|^drawing|^svg", re.I)
_SKIPPED_FOLDERS = ("shapes/stars", "gradients", "led", "special/patterns", "unsorted/led")


def _length(value: str | None) -> float | None:
    match = _LENGTH.match(value or "")
    return float(match[1]) * _UNIT[match[2]] if match else None


def read_file(path: Path) -> Drawing | None:
    """The drawing at `path`, or None where it is not public domain, has no size, or embeds a bitmap or text."""
    text = path.read_text(encoding="utf-8", errors="replace")
    root = _ROOT.search(text)
    if root is None or not _PUBLIC_DOMAIN.search(text) or "<image" in text or "data:" in text or "</svg>" not in text:
        return None
    entities = dict(_ENTITY.findall(text[: root.start()]))
    attributes = {key: value[1:-1] for key, value in _ATTR.findall(root[0])}
    width, height = _length(attributes.get("width")), _length(attributes.get("height"))
    box = attributes.get("viewBox")
    if box:
        numbers = [float(v) for v in re.split(r"[\s,]+", box.strip())]
        if len(numbers) != 4:
            return None
        frame = (numbers[0], numbers[1], numbers[2], numbers[3])
    elif width and height:
        frame = (0.0, 0.0, width, height)
    else:
        return None
    body = text[root.end() : text.rindex("</svg>")]
    style = {
        k: v
        for k, v in attributes.items()
        if k in ("fill", "stroke", "style", "fill-rule", "stroke-width", "stroke-linejoin", "stroke-linecap")
    }
    if style:
        body = "<g " + " ".join(f'{k}="{v}"' for k, v in style.items()) + f">{body}</g>"
    for name, value in entities.items():
        body = body.replace(f"&{name};", value)
    title = _TITLE.search(text)
    keywords = tuple(unescape(k).strip() for k in _KEYWORD.findall(text))
    name = unescape(title[1]) if title else ""
    if not name or _COLLECTION.search(name) or len(name) > 80:
        name = path.stem
    return Drawing(SET, path.stem, body, frame, (), (), name, keywords)


def read_openclipart(folder: Path) -> Iterator[Drawing]:
    """Every usable drawing below `folder`, by path."""
    for path in sorted(folder.rglob("*.svg")):
        relative = path.relative_to(folder).as_posix()
        if any(part in relative for part in _SKIPPED_FOLDERS):
            continue
        drawing = read_file(path)
        if drawing:
            yield drawing
