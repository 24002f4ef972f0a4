from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.cli.data_sheet import write_sheet
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.rules import Rules
from clipseek.sources import read_source
from clipseek.training.data.odd_pictures import FLAT, LONG, REDUCED, TINY, oddities
from clipseek.training.data.survey import survey
from PIL import Image

from tests.made_files import TiffPage, png, tiff

SCENE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
SCENE[:32] //= 3


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def with_alpha(least: int) -> Image.Image:
    picture = Image.fromarray(SCENE).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((64, 64)).point(lambda level: max(level, least)))
    return picture


def turned() -> bytes:
    exif = Image.Exif()
    exif[274] = 6
    return encoded(Image.fromarray(SCENE), "JPEG", exif=exif)


def framed() -> bytes:
    values = np.arange(64 * 64, dtype=np.float32).reshape(64, 64, 1)
    values[:8] = -1e6
    return tiff(TiffPage(values))


ODD: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "plain": (lambda: encoded(Image.fromarray(SCENE)), set()),
    "opaque": (lambda: encoded(with_alpha(255)), set()),
    "alpha": (lambda: encoded(with_alpha(0)), {"transparent in part"}),
    "palette": (lambda: encoded(Image.fromarray(SCENE).convert("P")), {"palette"}),
    "12 bits": (lambda: png(SCENE.astype(np.uint16) * 16, bits=16), {"depth scaled"}),
    "no data": (framed, {"values for nothing", "depth scaled"}),
    "turned": (turned, {"turned"}),
    "cmyk": (lambda: encoded(Image.fromarray(SCENE).convert("CMYK"), "JPEG"), {"colours converted"}),
    "page": (
        lambda: tiff(TiffPage(SCENE[:16, :16].copy(), {254: 1}), TiffPage(SCENE, {254: 0})),
        {"one page of several"},
    ),
    "blank": (lambda: encoded(Image.new("RGB", (64, 64), "white")), {FLAT}),
    "strip": (lambda: encoded(Image.fromarray(SCENE).resize((400, 40))), {LONG}),
    "tiny": (lambda: encoded(Image.fromarray(SCENE[16:48, 16:40].copy())), {TINY}),
    "large": (lambda: encoded(Image.fromarray(SCENE).resize((4800, 3400)), "JPEG"), {REDUCED}),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_about_a_picture(name: str) -> None:
    make, odd = ODD[name]
    assert set(oddities(open_picture(make(), Rules(), edge=224))) == odd


def test_the_sheet_draws_each_once_and_says_how_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "<pairs>"
    home.mkdir()
    for name in ("plain", "12 bits", "no data", "tiny", "blank"):
        (home / f"{name}.png").write_bytes(ODD[name][0]())
    (home / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    found = survey(read_source(home))
    value = found.as_dict()
    assert value["odd_kinds"] == {"values for nothing": 1, "depth scaled": 2, FLAT: 1, TINY: 1}
    assert {Path(row["file"]).stem for row in value["odd_pictures"]} == {"12 bits", "no data", "tiny", "blank"}
    write_sheet(found, tmp_path / "sheet.html")
    assert "4 odd pictures of 5, 1 unreadable" in capsys.readouterr().err
    page = (tmp_path / "sheet.html").read_text("utf-8")
    titles = ("1 x values for nothing", "2 x depth scaled, the others stand under rarer kinds", "1 x unreadable")
    assert all(title in page for title in titles)
    assert page.count("<section>") == 5
    assert page.count("<img ") == 8
    assert "<pairs>" not in page
