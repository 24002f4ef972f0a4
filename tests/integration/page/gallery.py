"""An index of pictures that are hard to lay out, and of captions that are hard to show."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import opensearchpy
from clipseek.encoder import Crop, ImageError
from clipseek.encoder.run.picture import Picture
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import Record
from clipseek.sources.record import MetadataValue
from clipseek.testing.encoder import ColourEncoder
from PIL import Image, ImageDraw

COLOURS = ("red", "green", "blue")
THINGS = ("car", "boat", "house", "tree", "bird")
SETS = ("harbour", "Smith, J", "street")
#: Width and height: usual ones, a tiny icon, a panorama, a tall one.
SIZES = ((96, 72), (72, 96), (80, 80), (16, 16), (1200, 100), (60, 480))
HTML = '<img src=x onerror="window.broken=1"><b>red</b> & <script>window.broken=1</script>'
RIGHT_TO_LEFT = "סירה אדומה קטנה red בנמל הישן"
CONTROL = "red\u0007 bell \u001b[31mescape \u202eoverride"
#: Number of a picture that is another's copy.
COPY = 66
ASTRAL = "🦊🦊🦊 a red fox 🦊"
LONG = "A red lighthouse. " + "Behind it the sea, before it a road with many words on its signs. " * 60


class Colours(ColourEncoder):
    """Refuses what is no picture as the model's encoder does."""

    def load_picture(self, data: bytes, crop: Crop | None = None) -> Picture:
        try:
            return super().load_picture(data, crop)
        except ValueError as problem:
            raise ImageError(f"{problem}; give a picture file") from None


ENCODER = Colours()


@dataclass(frozen=True)
class Gallery:
    """The index, where its pictures are, and how many."""

    version: Version
    folder: Path
    count: int

    @property
    def alias(self) -> str:
        return self.version.alias


def drawn(colour: str, size: tuple[int, int], number: int) -> Image.Image:
    """A picture of mostly one colour, whose middle is another in each."""
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    side = max(2, min(size) // 3)
    left, top = number * 7 % max(1, size[0] - side), number * 11 % max(1, size[1] - side)
    draw.rectangle((left, top, left + side, top + side), fill=(number * 37 % 256, number * 91 % 256, number * 53 % 256))
    return image


def records(folder: Path, count: int) -> Iterator[Record]:
    odd = {0: HTML, 1: RIGHT_TO_LEFT, 2: CONTROL, 3: ASTRAL, 4: LONG, 5: ""}
    for number in range(count):
        colour, thing = COLOURS[number % 3], THINGS[number // 3 % 5]
        path = folder / f"{number:04}.png"
        picture = drawn("red" if number in odd else colour, SIZES[number % 6], number)
        caption = odd.get(number, f"a {colour} {thing}, number {number}")
        if number == COPY:  # of p6, in another size
            picture, caption = drawn("red", SIZES[0], 6).resize((192, 144)), "a copy"
        picture.save(path)
        metadata: dict[str, MetadataValue] = {
            "set": SETS[number % 3],
            "year": 2000 + number % 24,
            "day": f"{2000 + number % 24}-05-{1 + number % 28:02}",
        }
        yield Record(f"p{number}", path, (caption,) if caption else (), metadata=metadata)


@contextmanager
def gallery(client: opensearchpy.OpenSearch, folder: Path, count: int) -> Iterator[Gallery]:
    """``count`` pictures in an index of their own, removed at the end."""
    alias = f"test-page-{uuid.uuid4().hex[:8]}"
    options = IndexOptions(fields={"set": "keyword", "year": "number", "day": "date"})
    ingest(client, alias, ENCODER, records(folder, count), index_options=options)
    version = versions.current(client, alias)
    try:
        yield Gallery(version, folder, count)
    finally:
        client.indices.delete(index=version.index)
