"""A part of a picture, in fractions of its sides as the page draws it."""

from __future__ import annotations

import base64
import io

import httpx
import pytest
from PIL import Image


def half_and_half() -> str:
    """Red at the left, blue at the right, in base64."""
    picture, stream = Image.new("RGB", (40, 20), "red"), io.BytesIO()
    picture.paste(Image.new("RGB", (20, 20), "blue"), (20, 0))
    picture.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def asked(client: httpx.Client, crop: list[float] | None) -> httpx.Response:
    pictures = [{"data": half_and_half(), "crop": crop}]
    return client.post("/api/v1/indexes/pictures/search", json={"pictures": pictures})


def test_each_part_finds_its_own_colour(client: httpx.Client) -> None:
    for crop, colour in (([0, 0, 0.5, 1], "red"), ([0.5, 0, 0.5, 1], "blue"), ([0, 0, 0.5, 1], "red")):
        hit = asked(client, crop).json()["hits"][0]
        assert hit["caption"] == f"a {colour} thing"
        assert hit["cosine"] == pytest.approx(1, abs=1e-5)
    assert asked(client, None).json()["hits"][0]["cosine"] < 0.9


@pytest.mark.parametrize(
    "crop", [[0.6, 0, 0.5, 1], [0, 0, 0, 1], [0, 0, 0.1, 0.1], [-0.1, 0, 0.5, 1], [0, 0, 0.5], [0, 0, 2, 1]]
)
def test_a_part_that_is_none_is_refused(client: httpx.Client, crop: list[float]) -> None:
    answer = asked(client, crop)
    assert answer.status_code == 422
    assert "crop" in answer.json()["detail"]
