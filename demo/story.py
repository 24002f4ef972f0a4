"""The demo's story, step by step: render, train, export, ingest, evaluate, search. What was done before is used again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clipseek.demo.corpus.render import render, write_manifest
from clipseek.demo.corpus.shipped import DATA, Item, Name, read_corpus
from clipseek.demo.errors import DataMissing
from clipseek.opensearch.query.query import Query

INDEX = "demo-icons"
CORPORA: tuple[Name, ...] = ("general", "domain", "fresh")
MINUTES = 10.0  # the most that fine-tuning takes: three times what two idle cores need
#: So many steps, not so many minutes: a slower machine takes longer and ends with the same model.
RECIPE: dict[str, Any] = {
    "epochs": 1.0,
    "batch_size": 128,
    "learning_rate": 3e-4,
    "warmup": 0.05,
    "minutes": MINUTES,
    "keep_share": 0.1,
    # Of the validation scores: over the larger gallery of the test it is about twice that (docs/log/training-recipe.md).
    "keep_loss": 0.02,
}


@dataclass(frozen=True)
class Example:
    """One search of the demo; ``picture`` is the id of a drawing in the index."""

    title: str
    text: str
    kind: str | None = None
    picture: str | None = None

    def query(self, pictures: Path) -> Query:
        data = (pictures / f"{self.picture}.png").read_bytes() if self.picture else None
        return Query(text=self.text, kind=self.kind, picture=data)  # type: ignore[arg-type]

    def command(self, pictures: Path, index: str) -> str:
        words = f' "{self.text}"' if self.text else ""
        image = f" --image {pictures / self.picture}.png" if self.picture else ""
        return f"clipseek search{words}{image}{f' --{self.kind}' if self.kind else ''} --index {index}"


EXAMPLES = (
    Example("By caption", "battery charging", "caption"),
    Example("By vector: the caption is not read", "battery charging", "vector"),
    Example("Hybrid: every hit scored by its caption and by its vector", "no internet connection"),
    Example("By a picture given as a file", "", "vector", "lucide/shopping-cart"),
    Example("By a picture and words", "broken", "hybrid", "tabler/heart"),
)


@dataclass
class Story:
    """Where things lie, and what was reused. ``say`` is told each step and how long it took."""

    home: Path
    say: Callable[[str], None]
    reused: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.say(f"== {title}")
        started = time.monotonic()
        yield
        self.say(f"   done in {time.monotonic() - started:.1f} s")

    @property
    def tuned(self) -> Path:
        """The bundle that this machine's training made; its name holds everything that decided it."""
        digest = hashlib.sha256(json.dumps(RECIPE, sort_keys=True).encode())
        for path in (base_checkpoint() / "model.safetensors", DATA / "domain.jsonl.xz", DATA / "general.jsonl.xz"):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return self.home / f"run-{digest.hexdigest()[:12]}"

    def draw(self) -> dict[str, list[Item]]:
        """Render both corpora; returns their items by ``corpus-split``."""
        parts: dict[str, list[Item]] = {}
        with self.step("Drawing the pictures (SVG from the repository to PNG)"):
            drawn = 0
            for name in CORPORA:
                items = read_corpus(name)
                drawn += render(items, self.home)
                for split in sorted({item.split for item in items}):
                    parts[f"{name}-{split}"] = [item for item in items if item.split == split]
                    write_manifest(parts[f"{name}-{split}"], self.home, f"{name}-{split}")
                write_manifest(items, self.home, name)
            if not drawn:
                self.reused.append("the drawn pictures")
            counts = ", ".join(f"{len(items):,} {name}" for name, items in parts.items())
            self.say(f"   {counts}")
        return parts

    def manifest(self, name: str) -> Path:
        return self.home / f"{name}.jsonl"


def base_checkpoint() -> Path:
    """The base model's checkpoint folder. Raises DataMissing outside a checkout."""
    return _shipped("base", "model.safetensors")


def shipped_bundle() -> Path:
    """The tuned bundle that ships with the repository."""
    return _shipped("tuned", "clipseek.json")


def _shipped(name: str, file: str) -> Path:
    folder = DATA / name
    if not (folder / file).is_file():
        raise DataMissing(
            f"{folder / file} is not here: the demo's models ship with the repository, so clone it and run make demo"
        )
    return folder
