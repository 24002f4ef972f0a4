"""A model that hangs: its request ends with a problem, and the next ones are answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest
from clipseek.encoder.errors import EncodeTimedOut
from clipseek.testing import ColourEncoder, FakeServer
from clipseek.web.app import create_app
from clipseek.web.encoders import SharedEncoder
from clipseek.web.metrics import Metrics
from clipseek.web.settings import Settings
from numpy.typing import NDArray

from tests.serving import serving

ALONE = 0.2


class Hanging(ColourEncoder):
    """Hangs on the word "hang" until ``release`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if any("hang" in text for text in texts):
            assert self.release.wait(20)
        return super().encode_texts(texts)


def test_one_query_hangs_and_the_next_is_answered(server: FakeServer) -> None:
    encoder = Hanging()
    settings = Settings(server.url, ("pictures",), encode_seconds=ALONE)
    try:
        with serving(create_app(settings, lambda settings, version: encoder)) as client:

            def search(text: str) -> dict[str, object]:
                answer = client.post("/api/v1/indexes/pictures/search", json={"text": text})
                found: dict[str, object] = answer.json()
                return {**found, "code": answer.status_code}

            started = time.monotonic()
            problem = search("hang red")
            assert time.monotonic() - started < 5
            assert (problem["code"], problem["status"]) == (504, 504)
            assert str(problem["type"]).endswith("encoder-slow")
            assert "try again" in str(problem["next"])
            assert search("red")["code"] == 200
            encoder.release.set()
            assert search("blue")["code"] == 200
    finally:
        encoder.release.set()


def test_a_late_vector_is_not_kept() -> None:
    encoder = Hanging()
    shared = SharedEncoder(encoder, Metrics(), seconds=ALONE)
    try:
        with pytest.raises(EncodeTimedOut):
            shared.encode_texts(["hang"])
        assert shared.cache.get(("text", "hang")) is None
        encoder.release.set()
        np.testing.assert_array_equal(shared.encode_texts(["hang", "red"]), encoder.encode_texts(["hang", "red"]))
    finally:
        encoder.release.set()
        shared.close()
