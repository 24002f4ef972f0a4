"""What ml-commons sends and gets: both kinds of null, both inputs, and a caller of another model."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import numpy as np
import pytest
from clipseek.opensearch.query.vectors import compose
from clipseek.testing import ColourEncoder
from clipseek.web.api.neural import absent_inputs

from tests.unit.web.conftest import picture

PATH = "/api/v1/indexes/pictures/neural"
RED = base64.b64encode(picture("red")).decode()


def vector(client: httpx.Client, **body: object) -> Any:
    answer = client.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    (name,) = answer.json()
    assert name == "embedding"
    return np.asarray(answer.json()["embedding"], np.float32)


def of_words(words: str) -> Any:
    return ColourEncoder().encode_texts([words])[0]


def of_red() -> Any:
    encoder = ColourEncoder()
    return encoder.encode_pictures([encoder.load_picture(picture("red"))])[0]


def test_a_query_by_words_has_jsons_null_for_the_picture(client: httpx.Client) -> None:
    assert np.array_equal(vector(client, inputText="green", inputImage=None), of_words("green"))
    assert np.array_equal(vector(client, inputText="green"), of_words("green"))


def test_a_query_by_a_picture_has_jsons_null_for_the_words(client: httpx.Client) -> None:
    assert np.array_equal(vector(client, inputText=None, inputImage=RED), of_red())


def test_a_document_has_the_string_null_for_what_it_lacks(client: httpx.Client) -> None:
    assert np.array_equal(vector(client, inputText="null", inputImage=RED), of_red())
    assert np.array_equal(vector(client, inputText="green", inputImage="null"), of_words("green"))


def test_words_and_picture_are_joined_as_in_a_search(client: httpx.Client) -> None:
    joined = vector(client, inputText="green", inputImage=RED)
    assert np.array_equal(joined, compose(of_words("green"), [(1.0, of_red())]))
    assert not np.array_equal(joined, of_red())


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (("null", None), ("null", None)),  # somebody searches for the word
        (("null", "null"), (None, None)),
        ((None, None), (None, None)),
        (("", None), (None, None)),
        ((None, "null"), (None, None)),
        (("", RED), (None, RED)),
    ],
)
def test_the_string_null_is_a_word_beside_jsons_null(
    given: tuple[str | None, str | None], meant: tuple[str | None, str | None]
) -> None:
    assert absent_inputs(*given) == meant


@pytest.mark.parametrize(
    "body", [{}, {"inputText": None, "inputImage": None}, {"inputText": "null", "inputImage": "null"}]
)
def test_nothing_is_refused(client: httpx.Client, body: dict[str, object]) -> None:
    answer = client.post(PATH, json=body)
    assert answer.status_code == 422
    assert "nothing to encode" in answer.json()["detail"]


def test_a_caller_of_another_model_is_refused(client: httpx.Client) -> None:
    answer = client.post(PATH, json={"inputText": "red", "inputImage": None, "fingerprint": "0" * 64})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:clipseek:problem:model-mismatch"
    assert np.array_equal(vector(client, inputText="red", fingerprint=ColourEncoder().fingerprint), of_words("red"))


@pytest.mark.parametrize(
    ("image", "reason"), [("not base64", "base64"), (base64.b64encode(b"no picture").decode(), "read")]
)
def test_a_picture_that_is_none_is_refused_with_the_reason(client: httpx.Client, image: str, reason: str) -> None:
    answer = client.post(PATH, json={"inputImage": image})
    assert answer.status_code == 422
    assert reason in answer.json()["detail"]
