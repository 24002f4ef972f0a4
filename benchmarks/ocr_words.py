"""Are pictures found by the words that stand in them: ``python benchmarks/ocr_words.py``, on a node of its own or ``--url``.

Makes ``--pictures`` of shapes and colours with two or three English words in them, half with a number, in the fonts that Debian's
fonts-dejavu-core and fonts-liberation have; three in ten are turned by 90 degrees, to either side. They have no captions. Ingests
them with the shipped bundle and ``--ocr``'s reader, and searches for each picture's words: by the text in the pictures, by both,
and by the vector alone. Prints the shares that come at rank 1; ends with 1 where those of the text are below 90 %.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from checkpoints import DEMO_BUNDLE
from PIL import Image, ImageDraw, ImageFont
from servers import add_url, server

GOAL = 0.9
FONTS = Path("/usr/share/fonts/truetype")
_WORDS = (
    "anchor apple autumn bakery balcony bicycle blanket bridge butter candle captain castle cellar cherry circus "
    "coffee copper corner cotton cradle desert diamond dinner dragon eagle engine evening falcon feather ferry forest "
    "fountain garden glacier granite harbour hammer harvest helmet hidden honey horizon hunter island jacket journey "
    "kitchen ladder lantern lemon letter library lighthouse marble market meadow mirror morning mountain museum "
    "needle north novel ocean office orchard oyster paddle palace parcel pepper piano pilot planet platform pocket "
    "postcard quarry rabbit railway ribbon river rocket saddle salmon sandwich school shadow shelter silver spring "
    "station summer sunset temple theatre thunder ticket timber tower traffic tunnel valley velvet village violin "
    "walnut weather whisper window winter wooden yellow "
)
WORDS = _WORDS.split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_url(parser)
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--no-goals", action="store_true", help="do not fail where the goal is missed")
    options = parser.parse_args()
    from clipseek.encoder import Bundle, ClipEncoder
    from clipseek.encoder.ocr.reader import OcrReader
    from clipseek.opensearch import Query, Searcher, connect
    from clipseek.opensearch.index.inventory import delete_index
    from clipseek.opensearch.ingest.options import IngestOptions
    from clipseek.opensearch.ingest.run import ingest
    from clipseek.sources import Record

    encoder, alias = ClipEncoder(Bundle.load(DEMO_BUNDLE), device="cpu"), f"bench-ocr-{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder, server(options.url) as url:
        client, made = connect(url), draw_all(Path(folder), options.pictures)
        records = [Record(id=str(number), image=path) for number, (path, _, _) in enumerate(made)]
        began = time.monotonic()
        try:
            report = ingest(client, alias, encoder, records, options=IngestOptions(reader=OcrReader()))
            seconds = time.monotonic() - began
            searcher = Searcher.open(client, alias, encoder)
            ways = {"text in the picture": {"kind": "caption"}, "hybrid": {}, "vector alone": {"kind": "vector"}}
            first: dict[str, list[bool]] = {name: [] for name in ways}
            for number, (_, words, _) in enumerate(made):
                for name, way in ways.items():
                    hits = searcher.search(Query(words, **way)).hits  # type: ignore[arg-type]
                    first[name].append(bool(hits) and hits[0].id == str(number))
        finally:
            delete_index(client, alias)
    turned = [angle != 0 for _, _, angle in made]
    print(f"{len(made)} pictures, {sum(turned)} turned by 90 degrees; words found in {report.texts_found}")
    print(f"read and encoded in {seconds:.0f} s, {len(made) / seconds:.2f} pictures/s; load {os.getloadavg()[0]:.1f}")
    for name, found in first.items():
        of_turned = [one for one, is_turned in zip(found, turned, strict=True) if is_turned]
        rest = f", of those turned {sum(of_turned) / len(of_turned):.1%}" if of_turned else ""
        print(f"{name:20} rank 1: {sum(found) / len(found):.1%}{rest}")
    if sum(first["text in the picture"]) < GOAL * len(made) and not options.no_goals:
        sys.exit(f"fewer than {GOAL:.0%} are at rank 1 by their text")


def draw_all(folder: Path, number: int) -> list[tuple[Path, str, int]]:
    """File, words and turn in degrees of so many pictures; no two have the same words."""
    fonts = sorted(path for name in ("dejavu", "liberation") for path in (FONTS / name).glob("*.ttf"))
    fonts = [path for path in fonts if "Math" not in path.name]
    if not fonts:
        print(
            f"no fonts in {FONTS} (apt-get install fonts-dejavu-core fonts-liberation); Pillow's own is used",
            file=sys.stderr,
        )
    chance, seen, made = random.Random(0), set[str](), list[tuple[Path, str, int]]()
    while len(made) < number:
        rows = chance.sample(WORDS, chance.choice((2, 3)))
        rows += [str(chance.randrange(10, 100_000))] if chance.random() < 0.5 else []
        words = " ".join(rows)
        if words in seen:
            continue
        seen.add(words)
        turn = chance.choice((90, 270)) if chance.random() < 0.3 else 0
        path = folder / f"{len(made):04}.jpg"
        draw(rows, chance.choice(fonts) if fonts else None, chance).rotate(turn, expand=True).save(path, quality=85)
        made.append((path, words, turn))
    return made


def draw(rows: list[str], font: Path | None, chance: random.Random) -> Image.Image:
    """A picture of 400 to 900 pixels with shapes, and the rows on them, dark on bright or bright on dark."""
    width, height = chance.randint(400, 900), chance.randint(320, 640)
    dark = chance.random() < 0.5
    ground, ink = ((0, 90), (190, 255)) if dark else ((170, 255), (0, 80))
    picture = Image.new("RGB", (width, height), colour(ground, chance))
    pen = ImageDraw.Draw(picture)
    for _ in range(chance.randint(3, 9)):
        x, y = chance.randrange(width), chance.randrange(height)
        shape = chance.choice((pen.ellipse, pen.rectangle))
        shape(
            (x, y, x + chance.randint(20, width // 2), y + chance.randint(20, height // 2)), fill=colour(ground, chance)
        )
    size = chance.randint(22, max(24, height // (2 * len(rows))))
    letters = letters_of(font, size)
    while size > 18 and max(letters.getlength(row) for row in rows) > width - 20:
        size -= 2
        letters = letters_of(font, size)
    for place, row in enumerate(rows):
        left = chance.randint(8, max(9, int(width - letters.getlength(row) - 8)))
        pen.text((left, (place + 0.25) * height / len(rows)), row, font=letters, fill=colour(ink, chance))
    return picture


def letters_of(font: Path | None, size: int) -> Any:
    return ImageFont.load_default(size) if font is None else ImageFont.truetype(str(font), size)


def colour(between: tuple[int, int], chance: random.Random) -> tuple[int, int, int]:
    red, green, blue = (chance.randint(*between) for _ in range(3))
    return red, green, blue


if __name__ == "__main__":
    main()
