"""A model knows which pictures it was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder import BundleError

from tests.models import make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train


def test_pictures_that_were_trained_on_are_found_in_checkpoint_and_bundle(tmp_path: Path) -> None:
    from clipseek.export.checkpoint import export_bundle
    from clipseek.training.config import TrainConfig
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.data.trained_on import FILE, marks_of, trained_on
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train

    base = make_tiny_clip(tmp_path / "base")
    spec = load_checkpoint(str(base)).image
    pairs = load_pairs(write_squares(tmp_path / "squares", copies=3), spec)
    half = len(pairs) // 2
    learn, held = pairs.take(list(range(half))), pairs.take(list(range(half, len(pairs))))
    config = TrainConfig(base=str(base), epochs=1.0, batch_size=16, learning_rate=1e-3, precision="fp32")
    best = train(config, learn, tmp_path / "run", validation=held)
    assert trained_on(best, learn) == len(learn.shown_pictures()[0])
    assert trained_on(best, held) == 0
    assert trained_on(base, learn) is None  # another trainer's
    assert trained_on(best, pairs) == len(learn.shown_pictures()[0])
    bundle = export_bundle(str(best), tmp_path / "bundle")
    assert (bundle.path / FILE).read_bytes() == (best / FILE).read_bytes()
    assert FILE in bundle.passport["extras"]
    assert FILE not in bundle.passport["files"]  # and so outside the fingerprint
    assert trained_on(bundle.path, learn) == len(learn.shown_pictures()[0])
    (bundle.path / FILE).write_bytes((best / FILE).read_bytes()[::-1])
    with pytest.raises(BundleError, match=r"trained_on\.bin is not the file that was exported"):
        trained_on(bundle.path, learn)
    # What the base had seen is known of its children.
    assert set(marks_of([held], best)) == set(marks_of([pairs]))
    assert np.all(np.diff(marks_of([pairs]).astype(object)) > 0)
