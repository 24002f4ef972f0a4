"""A tower's runs: batches that the device's memory does not hold, and what a broken graph gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder, EncoderError, Picture

from tests.unit.encoder.run.test_clip import PICTURES, png

pytestmark = pytest.mark.train


class SmallDevice:
    """A session whose device holds no more than three inputs at once."""

    def __init__(self, session: Any) -> None:
        self.session, self.batches = session, list[int]()

    def run(self, names: Any, inputs: dict[str, Any]) -> Any:
        self.batches.append(len(next(iter(inputs.values()))))
        if self.batches[-1] > 3:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 1610612736")
        return self.session.run(names, inputs)


def test_a_batch_too_large_for_the_device_is_halved_and_stays_so(
    bundle: Bundle, encoder: ClipEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    small = ClipEncoder(bundle, device="cpu", batch_size=8)
    small.warm_up("text")
    device = small.towers._sessions["text"] = SmallDevice(small.towers._sessions["text"])
    texts = [f"two dogs and {number} cats" for number in range(20)]
    np.testing.assert_allclose(small.encode_texts(texts), encoder.encode_texts(texts), atol=1e-6)
    assert device.batches[:3] == [8, 4, 2]
    assert max(device.batches[3:]) == 4  # the second half of the first batch; then never again
    assert device.batches.count(4) == 2
    assert len(caplog.records) == 2
    assert "going on with batches of 2" in caplog.text


class BrokenDevice:
    """A session whose vectors are no numbers."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def get_inputs(self) -> Any:
        return self.session.get_inputs()

    def run(self, names: Any, inputs: dict[str, Any]) -> Any:
        return [rows * np.float32("nan") for rows in self.session.run(names, inputs)]


def test_vectors_that_are_no_numbers_are_refused(bundle: Bundle) -> None:
    broken = ClipEncoder(bundle, device="cpu")
    broken.warm_up("image")
    broken.towers._sessions["image"] = BrokenDevice(broken.towers._sessions["image"])
    with pytest.raises(EncoderError, match="NaN"):
        broken.encode_pictures([broken.load_picture(png(PICTURES[0]))])


def test_a_failing_graph_is_one_line(encoder: ClipEncoder) -> None:
    wrong = Picture(np.zeros((5, 5, 3), np.uint8), 5, 5)
    with pytest.raises(EncoderError, match=r"image\.onnx failed on a batch of 1") as caught:
        encoder.encode_pictures([wrong])
    assert "\n" not in str(caught.value)
