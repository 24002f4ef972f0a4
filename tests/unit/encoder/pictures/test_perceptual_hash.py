from __future__ import annotations

import io

import numpy as np
from clipseek.encoder.pictures.likeness import near_duplicates
from clipseek.encoder.pictures.perceptual_hash import perceptual_hash, small_copy
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance


def photo(seed: int, size: tuple[int, int] = (240, 180)) -> Image.Image:
    """Smooth blobs of colour, as a photograph has them."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def drawing(badge: bool = False, colour: str = "black") -> Image.Image:
    """A calendar of thin lines on white; with ``badge`` a small plus in its corner."""
    picture = Image.new("RGB", (96, 96), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((12, 16, 84, 84), outline=colour, width=4)
    pen.line((12, 34, 84, 34), fill=colour, width=4)
    if badge:
        pen.line((60, 66, 78, 66), fill=colour, width=4)
        pen.line((69, 57, 69, 75), fill=colour, width=4)
    return picture


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return Image.open(io.BytesIO(stream.getvalue())).convert("RGB")


def numbers(pictures: list[Image.Image]) -> NDArray[np.int64]:
    hashes = np.array([perceptual_hash(picture) for picture in pictures], np.uint64)
    return near_duplicates(hashes, np.stack([small_copy(picture) for picture in pictures]))


def test_compression_size_and_light_leave_a_picture_the_same() -> None:
    one, other = photo(1), photo(2)
    pictures = [
        one,
        other,
        jpeg(one, 60),
        one.resize((96, 72)),
        jpeg(other.resize((500, 400)), 75),
        ImageEnhance.Brightness(one).enhance(1.04),
    ]
    assert numbers(pictures).tolist() == [0, 1, 0, 0, 1, 0]


def test_drawings_that_differ_in_a_detail_or_in_colour_are_two() -> None:
    pictures = [drawing(), drawing(badge=True), drawing(colour="red"), jpeg(drawing(), 80)]
    assert numbers(pictures).tolist() == [0, 1, 2, 0]


def test_every_pair_within_the_limits_is_found() -> None:
    rng = np.random.default_rng(0)
    base = rng.integers(0, 2**63, 60, dtype=np.uint64)
    hashes = np.concatenate([base, base.copy()])
    for at in range(60, 120):  # up to four flipped bits: three are near, four are not
        for bit in rng.choice(64, at % 5, replace=False):
            hashes[at] ^= np.uint64(1) << np.uint64(bit)
    copies = np.zeros((120, 8, 8, 3), np.uint8)
    found = near_duplicates(hashes, copies)
    apart = np.bitwise_count(hashes[:, None] ^ hashes[None])
    for at in range(60, 120):
        assert (found[at] == found[at - 60]) == (at % 5 <= 3)
    assert (apart[found[:, None] != found[None]] > 3).all()


def test_none_and_one() -> None:
    assert near_duplicates(np.empty(0, np.uint64), np.empty((0, 8, 8, 3), np.uint8)).tolist() == []
    assert numbers([photo(1)]).tolist() == [0]
