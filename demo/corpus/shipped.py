"""The corpora that ship with the repository: drawings as SVG, with caption, concept, set and side of the split.

``domain`` are line icons, ``general`` coloured pictures of the world, and ``fresh`` line icons to test on alone, of which no
choice was made: the test side of ``domain`` is a second validation set by now.
"""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clipseek.demo.concepts import Split
from clipseek.demo.errors import DataMissing

DATA = Path(__file__).resolve().parent.parent / "data"
Name = Literal["general", "domain", "fresh"]


@dataclass(frozen=True, slots=True)
class Item:
    """One drawing. ``id`` is ``set/name``; pictures of an equal ``concept`` are right answers for each other's captions."""

    id: str
    set: str
    kind: str
    caption: str
    concept: str
    split: Split
    svg: str


def read_corpus(name: Name, folder: Path = DATA) -> list[Item]:
    """Every drawing of a corpus, in the file's order. Raises DataMissing outside a checkout."""
    path = folder / f"{name}.jsonl.xz"
    try:
        with lzma.open(path, "rt", encoding="utf-8") as file:
            return [Item(**json.loads(line)) for line in file]
    except FileNotFoundError:
        raise DataMissing(
            f"{path} is not here: the demo's pictures ship with the repository, so clone it and run make demo"
        ) from None
    except (lzma.LZMAError, EOFError, ValueError, TypeError) as problem:
        raise DataMissing(f"{path} cannot be read ({problem}); restore it with: git checkout -- {path}") from None
