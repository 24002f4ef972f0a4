"""Indexes as clipseek made them at commit e1a8ac9: what was put into them, and how they are put on a server again.

``fixtures/make_older_index.py`` made ``fixtures/index_e1a8ac9.json`` with that commit's own code; it says how to run it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import opensearchpy

FIXTURE = Path(__file__).parent / "fixtures" / "index_e1a8ac9.json"
#: In the fixture, in place of the folder of the pictures and of the alias.
FOLDER, ALIAS = "@folder@", "@alias@"
COLOURS = {"red": (230, 10, 10), "green": (10, 220, 20), "blue": (20, 20, 240), "yellow": (240, 230, 20)}
THINGS = ("boat", "house", "bicycle", "café", "cup")
NUMBER = len(COLOURS) * len(THINGS)

#: Searches whose answers the fixture has, too; hybrids as the index was tuned.
ASKED: dict[str, dict[str, Any]] = {
    "caption": {"text": "red house", "kind": "caption"},
    "phrase": {"text": "red houses", "kind": "caption", "match": "phrase"},
    "exact": {"text": "houses", "kind": "caption", "exact": True},
    "vector": {"text": "blue", "kind": "vector"},
    "like": {"like": (("p1", 1.0),), "unlike": (("p2", 1.0),)},
    "hybrid": {"text": "red house"},
    "hybrid, all": {"text": "red house", "size": NUMBER},
    "hybrid, second page": {"text": "red house", "start": 4, "size": 4},
    "hybrid, filtered": {"text": "red house by the sea", "filters": ("set=even", "year>=2006")},
    "hybrid, facets": {"text": "blue cup", "facets": ("set", "year")},
    "hybrid, clauses": {"text": "red", "like": (("p2", 2.0),), "split": True},
    "hybrid, not": {"text": "red house", "unwanted": ("green",)},
    "sorted": {"text": "red house", "kind": "caption", "sort": "year:desc"},
    "near duplicates": {"text": "two", "kind": "caption", "group_near": True},
}


def picture_file(number: int) -> bytes:
    """A file whose bytes are the same with every Pillow: a plain PPM of nearly one colour."""
    red, green, blue = list(COLOURS.values())[number % len(COLOURS)]
    width, height = 8 + number, 8
    pixels = bytes([red, green, blue]) * (width * height - 1) + bytes([number, number, number])
    return b"P6 %d %d 255\n" % (width, height) + pixels


def row(number: int) -> dict[str, Any]:
    """A line of the manifest."""
    colour, thing = list(COLOURS)[number % len(COLOURS)], THINGS[number // len(COLOURS)]
    return {
        "image": f"{number}.ppm",
        "id": f"p{number}",
        "caption": f"two {colour} {thing}s by the sea",
        "set": "even" if number % 2 == 0 else "odd",
        "year": 2000 + number,
        "taken": f"2024-{number % 12 + 1:02}-15",
        "artist": f"Ann {number % 3}",
    }


def write_source(folder: Path, rows: list[dict[str, Any]] | None = None) -> Path:
    """The manifest of ``rows``, by default all, and the pictures beside it."""
    for number in range(NUMBER):
        (folder / f"{number}.ppm").write_bytes(picture_file(number))
    manifest = folder / "pictures.jsonl"
    lines = rows if rows is not None else [row(number) for number in range(NUMBER)]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return manifest


def answers() -> dict[str, Any]:
    """What that commit's code found in ``plain``, by the names in ASKED."""
    found: dict[str, Any] = json.loads(FIXTURE.read_text("utf-8"))["plain"]["answers"]
    return found


def restore(client: opensearchpy.OpenSearch, name: str, alias: str, folder: Path, *, without: str = "") -> str:
    """Put the index ``name`` of the fixture, ``plain`` or ``german``, behind ``alias``, its pictures in ``folder``, ``without`` one
    of its fields; the name that it has there.
    """
    text = FIXTURE.read_text("utf-8").replace(FOLDER, folder.as_uri()).replace(ALIAS, alias)
    made = json.loads(text)[name]
    made["mappings"]["properties"].pop(without, None)
    client.indices.create(index=made["index"], body={part: made[part] for part in ("settings", "mappings", "aliases")})
    lines: list[dict[str, Any]] = []
    for key, source in made["documents"].items():
        lines += [{"index": {"_index": made["index"], "_id": key}}, {**source}]
        lines[-1].pop(without, None)
    answer: Any = client.bulk(body="".join(json.dumps(line) + "\n" for line in lines), params={"refresh": "true"})
    assert not answer["errors"]
    return str(made["index"])
