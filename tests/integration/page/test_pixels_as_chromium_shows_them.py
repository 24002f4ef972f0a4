"""What Chromium shows of a file and what the model sees: mean colours of an 8 x 8 grid, at most 4 of 255 apart."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.rules import Rules
from PIL import Image, features
from playwright.sync_api import Browser, Page

from tests.made_files import png
from tests.made_profiles import ADOBE, P3, colours, gamma, greys, inks, linear, srgb

pytestmark = pytest.mark.integration

SIDE = 96
#: A page's white lies behind transparency.
_SHOW = """async data => {
  const image = new Image(); image.src = data; await image.decode();
  const canvas = document.createElement('canvas'); canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
  const pen = canvas.getContext('2d'); pen.fillStyle = 'white'; pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0);
  const seen = pen.getImageData(0, 0, canvas.width, canvas.height).data, means = new Array(192).fill(0);
  const across = canvas.width / 8, down = canvas.height / 8;
  for (let y = 0; y < canvas.height; y++) for (let x = 0; x < canvas.width; x++) for (let band = 0; band < 3; band++)
    means[(Math.floor(y / down) * 8 + Math.floor(x / across)) * 3 + band] += seen[(y * canvas.width + x) * 4 + band];
  return [canvas.width, canvas.height, means.map(sum => sum / across / down)];
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def scene(seed: int = 1, bands: int = 3, top: int = 255) -> np.ndarray:
    """Smooth blobs over the whole range, 0 to ``top``."""
    noise = np.random.default_rng(seed).integers(0, 256, (5, 6, bands), dtype=np.uint8)
    planes = [Image.fromarray(noise[..., band]).resize((SIDE, SIDE), Image.Resampling.BICUBIC) for band in range(bands)]
    values = np.stack([np.asarray(plane, np.float64) for plane in planes], -1)
    spread = (values - values.min()) / (values.max() - values.min())
    return np.asarray((spread * top).round(), np.uint16 if top > 255 else np.uint8)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def lab(ink: np.ndarray) -> np.ndarray:
    """L*, a* and b* of inks on white paper; all of black is a dark grey."""
    cyan, magenta, yellow, black = ink.T
    light = 100 * (1 - 0.45 * cyan) * (1 - 0.4 * magenta) * (1 - 0.08 * yellow) * (1 - 0.85 * black)
    shade = 1 - black
    return np.stack([light, shade * (50 * magenta - 20 * cyan), shade * (60 * yellow - 35 * cyan)], -1)


PROFILES = {
    "linear": colours(linear),
    "gamma 1.8": colours(gamma(1.8)),
    "Adobe's": colours(gamma(2.2), ADOBE),
    "P3": colours(srgb, P3),
    "sRGB": colours(srgb, name="sRGB IEC61966-2.1"),
    "linear, called sRGB": colours(linear, name="sRGB"),
}
CHROMATICITIES = struct.pack(">8I", *(round(number * 100_000) for number in (*ADOBE[6:], *ADOBE[:6])))


def profiled(data: bytes) -> tuple[bytes, bytes]:
    return b"iCCP", b"made\0\0" + zlib.compress(data)


def pngs() -> Iterator[tuple[str, bytes]]:
    for bits, top in ((8, 255), (16, 65535)):
        for bands in (1, 2, 3, 4):
            yield f"{bands} bands of {bits} bits", png(scene(bands, bands, top), bits=bits)
        for gamma_of in (100_000, 45_455, 55_556):
            chunk = (b"gAMA", struct.pack(">I", gamma_of))
            yield f"gAMA {gamma_of}, {bits} bits", png(scene(9, 3, top), bits=bits, chunks=[chunk])
            yield f"gAMA {gamma_of}, grey, {bits} bits", png(scene(9, 1, top), bits=bits, chunks=[chunk])
            yield (
                f"gAMA {gamma_of} and cHRM, {bits} bits",
                png(scene(8, 3, top), bits=bits, chunks=[chunk, (b"cHRM", CHROMATICITIES)]),
            )
        srgb_chunks = [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000))]
        yield f"sRGB beside gAMA, {bits} bits", png(scene(7, 3, top), bits=bits, chunks=srgb_chunks)
        for name, profile in PROFILES.items():
            yield f"profile {name}, {bits} bits", png(scene(6, 3, top), bits=bits, chunks=[profiled(profile)])
        yield f"profile and alpha, {bits} bits", png(scene(6, 4, top), bits=bits, chunks=[profiled(PROFILES["P3"])])
        yield f"grey profile, {bits} bits", png(scene(6, 1, top), bits=bits, chunks=[profiled(greys(gamma(1.0)))])
        for primaries, transfer in ((1, 13), (12, 13), (1, 8), (9, 13)):
            name = f"cICP {primaries}/{transfer}, {bits} bits"
            yield name, png(scene(5, 3, top), bits=bits, chunks=[(b"cICP", bytes([primaries, transfer, 0, 1]))])
        key = scene(4, 3, top)
        key[:40] = key[0, 0]
        held = struct.pack(">3H", *key[0, 0].tolist())
        yield f"one transparent colour, {bits} bits", png(key, bits=bits, chunks=[(b"tRNS", held)])
    for bits in (1, 2, 4, 8, 16):
        levels = scene(3, 1, 2**bits - 1)
        yield f"grey of {bits} bits", png(levels, bits=bits)
        levels[:40] = 1
        yield f"one transparent grey of {bits} bits", png(levels, bits=bits, chunks=[(b"tRNS", struct.pack(">H", 1))])
    for bits in (1, 2, 4, 8):
        palette = [tuple(int(v) for v in row) for row in np.random.default_rng(bits).integers(0, 256, (2**bits, 3))]
        numbers = scene(2, 1, 2**bits - 1)
        yield f"palette of {bits} bits", png(numbers, bits=bits, palette=palette)  # type: ignore[arg-type]
        alpha = bytes(np.random.default_rng(bits).integers(0, 256, 2**bits, dtype=np.uint8))
        yield (
            f"palette with alpha of {bits} bits",
            png(numbers, bits=bits, palette=palette, chunks=[(b"tRNS", alpha)]),  # type: ignore[arg-type]
        )


def others() -> Iterator[tuple[str, bytes]]:
    photo, alpha = Image.fromarray(scene()), Image.fromarray(scene(3, 4), "RGBA")
    for kind, options in (("JPEG", {"quality": 92}), ("WEBP", {"quality": 90}), ("AVIF", {"quality": 90})):
        # Chromium turns no WebP, and reads Pillow's alpha in AVIF as of another range.
        if kind == "AVIF" and not features.check("avif"):
            continue
        yield f"{kind}", saved(photo, kind, **options)
        for orientation in range(2, 9) if kind != "WEBP" else ():
            oblong = photo.crop((0, 0, 80, 56))
            yield f"{kind} turned {orientation}", saved(oblong, kind, exif=turned(orientation), **options)
        for name, profile in PROFILES.items():
            yield f"{kind}, profile {name}", saved(photo, kind, icc_profile=profile, **options)
        if kind == "WEBP":
            yield f"{kind} with alpha", saved(alpha, kind, **options)
    for orientation in (3, 6):
        yield f"PNG turned {orientation}", saved(photo.crop((0, 0, 80, 56)), "PNG", exif=turned(orientation))
    yield "JPEG, grey", saved(photo.convert("L"), "JPEG", quality=92)
    yield "JPEG, grey profile", saved(photo.convert("L"), "JPEG", quality=92, icc_profile=greys(gamma(1.0)))
    yield (
        "JPEG, grey under a profile of colours",
        saved(photo.convert("L"), "JPEG", quality=92, icc_profile=PROFILES["gamma 1.8"]),
    )
    yield "JPEG, progressive", saved(photo, "JPEG", quality=92, progressive=True)
    ink = Image.fromarray(scene(5, 4), "CMYK")
    yield "JPEG, CMYK", saved(ink, "JPEG", quality=92)
    without_black = Image.fromarray(scene(5, 4) * np.array([1, 1, 1, 0], np.uint8), "CMYK")
    yield "JPEG, CMYK, profile", saved(without_black, "JPEG", quality=92, icc_profile=inks(lab))
    yield "WEBP, lossless with alpha", saved(alpha, "WEBP", lossless=True, exact=True)
    yield "GIF", saved(photo.quantize(200), "GIF")
    yield "GIF, transparent", saved(photo.quantize(200), "GIF", transparency=3)
    moving = [Image.fromarray(scene(seed)).quantize(100) for seed in (1, 2)]
    yield "GIF, moving", saved(moving[0], "GIF", save_all=True, append_images=moving[1:], duration=10_000)
    for mode in ("RGB", "L", "1", "P", "RGBA"):
        yield f"BMP, {mode}", saved(alpha if mode == "RGBA" else photo.convert(mode), "BMP")
    yield "ICO", saved(alpha.resize((64, 64)), "ICO", sizes=[(64, 64)])


FILES = {**dict(pngs()), **dict(others())}


def grid(pixels: np.ndarray) -> np.ndarray:
    """(8, 8, 3): mean colours; both sides are multiples of 8."""
    rows = np.array_split(np.asarray(pixels, np.float64), 8)
    return np.array([[cell.mean((0, 1)) for cell in np.array_split(row, 8, 1)] for row in rows])


@pytest.mark.parametrize("name", FILES)
def test_pixels_as_chromium_shows_them(page: Page, name: str) -> None:
    data = FILES[name]
    kind = {b"\x89P": "png", b"\xff\xd8": "jpeg", b"GI": "gif", b"BM": "bmp", b"RI": "webp", b"\0\0": "avif"}[data[:2]]
    kind = "x-icon" if name == "ICO" else kind
    width, height, values = page.evaluate(_SHOW, f"data:image/{kind};base64,{base64.b64encode(data).decode()}")
    ours = open_picture(data, Rules()).pixels
    assert ours.shape == (height, width, 3)
    apart = np.abs(grid(ours) - np.array(values).reshape(8, 8, 3)).max()
    assert apart <= 4, f"{apart:.1f} of 255"
