from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from clipseek.encoder.pictures import perceptual_hash
from clipseek.encoder.pictures.likeness import near_duplicates
from clipseek.encoder.pictures.perceptual_hash import small_copy
from clipseek.opensearch.search import page_rows as looks
from clipseek.opensearch.search.page_rows import first_of_each
from PIL import Image


def photo(seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((224, 224), Image.Resampling.BICUBIC)


def saved_again(picture: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    picture.resize((160, 160)).save(stream, "JPEG", quality=70)
    return Image.open(io.BytesIO(stream.getvalue())).convert("RGB").resize((224, 224))


def row(name: str, picture: Image.Image | None = None, content: str | None = None) -> dict[str, Any]:
    source = {"content_hash": content or name}
    if picture is not None:
        source["look"] = base64.b64encode(perceptual_hash.appearance(np.asarray(picture))).decode().rstrip("=")
    return {"_id": name, "_source": source}


def ids(rows: list[Any]) -> list[str]:
    return [found["_id"] for found in rows]


def test_the_first_of_what_looks_nearly_the_same_stays() -> None:
    rows = [row("a", photo(1)), row("b", photo(2)), row("a2", saved_again(photo(1))), row("b2", saved_again(photo(2)))]
    assert ids(first_of_each(rows, near=True)) == ["a", "b"]
    assert ids(first_of_each(rows[::-1], near=True)) == ["b2", "a2"]
    assert ids(first_of_each(rows)) == ["a", "b", "a2", "b2"]


def test_the_same_file_is_one_with_and_without_looks() -> None:
    rows = [row("a", content="h"), row("b", photo(1), "h"), row("c", photo(1))]
    assert ids(first_of_each(rows)) == ["a", "c"]
    assert ids(first_of_each(rows, near=True)) == ["a", "c"]


def test_a_document_without_a_look_is_nobodys_near_duplicate() -> None:
    broken = row("c")
    broken["_source"]["look"] = "AAAA"
    assert ids(first_of_each([row("a"), row("b"), broken, row("d")], near=True)) == ["a", "b", "c", "d"]
    assert first_of_each([], near=True) == []


def test_a_look_has_the_length_that_the_encoder_gives_it() -> None:
    assert len(perceptual_hash.appearance(np.asarray(photo(1)))) == looks.LOOK_BYTES


def test_what_stays_is_apart_and_what_goes_is_near_something_that_stays() -> None:
    rng = np.random.default_rng(3)
    pictures = [photo(seed) for seed in range(8)]
    pictures += [
        Image.fromarray(
            np.clip(np.asarray(photo(int(seed))).astype(int) + rng.integers(-9, 9), 0, 255).astype(np.uint8)
        )
        for seed in rng.integers(0, 8, 30)
    ]
    kept = [
        int(name) for name in ids(first_of_each([row(str(at), each) for at, each in enumerate(pictures)], near=True))
    ]
    hashes = np.array([perceptual_hash.perceptual_hash(each) for each in pictures], np.uint64)
    copies = np.stack([small_copy(each) for each in pictures])

    def near(one: int, other: int) -> bool:
        return bool(near_duplicates(hashes[[one, other]], copies[[one, other]])[1] == 0)

    assert not any(near(one, other) for one in kept for other in kept if one < other)
    assert all(any(near(one, gone) for one in kept) for gone in range(len(pictures)) if gone not in kept)
    assert 8 <= len(kept) < len(pictures)
