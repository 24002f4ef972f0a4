"""A file's bytes to a picture for the model."""

from __future__ import annotations

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder, EncoderError, ImageError

from tests.unit.encoder.run.test_clip import PICTURES, png

pytestmark = pytest.mark.train


def test_picture_knows_the_original_size(encoder: ClipEncoder) -> None:
    picture = encoder.load_picture(png(PICTURES[3]))
    assert (picture.width, picture.height) == (200, 131)
    assert picture.pixels.shape == (32, 32, 3)
    assert picture.pixels.dtype == np.uint8
    assert len(picture.appearance) == 200


def test_unreadable_picture_is_a_value_error_with_the_reason(encoder: ClipEncoder) -> None:
    with pytest.raises(ImageError, match=r"empty file \(0 bytes\)") as caught:
        encoder.load_picture(b"")
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, EncoderError)


def test_pixel_and_byte_limits_are_options(bundle: Bundle) -> None:
    data = png(PICTURES[3])
    with pytest.raises(ImageError, match=r"limit is 0\.02"):
        ClipEncoder(bundle, max_megapixels=0.02).load_picture(data)
    with pytest.raises(ImageError, match=r"limit is 0\.001"):
        ClipEncoder(bundle, max_megabytes=0.001).load_picture(data)
