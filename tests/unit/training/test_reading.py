"""How deep pictures are read is chosen at training, stands in the checkpoint and the bundle, and is what search takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.training.config import TrainConfig
from clipseek.training.errors import TrainingError

from tests.made_files import png
from tests.models import make_tiny_clip, quiet

SPEC = ImageSpec(16, (0.5,) * 3, (0.5,) * 3, "bicubic", (255, 255, 255))


def test_what_is_not_chosen_stays_as_the_base_has_it() -> None:
    assert TrainConfig().image_of(SPEC) == SPEC
    chosen = TrainConfig(depth_range="p2-98").image_of(SPEC)
    assert (chosen.depth_range, chosen.size) == ("p2-98", 16)
    assert TrainConfig().image_of(chosen).depth_range == "p2-98"
    with pytest.raises(TrainingError, match=r"depth range 'p1-99', expected one of full, used, p2-98"):
        TrainConfig(depth_range="p1-99").image_of(SPEC)


def test_a_passport_without_a_choice_is_of_the_default_and_keeps_its_fingerprint() -> None:
    written = SPEC.as_dict()
    assert "depth_range" not in written
    assert ImageSpec.from_dict({**written, "mean": [0.5] * 3, "std": [0.5] * 3, "background": [255] * 3}) == SPEC


@pytest.mark.train
def test_the_choice_goes_from_the_run_into_the_bundle_and_decides_pixels(tmp_path: Path) -> None:
    from clipseek.encoder import Bundle, ClipEncoder
    from clipseek.export.checkpoint import export_bundle
    from clipseek.sources import Record
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train

    values = np.full((40, 40, 3), 1000, np.uint16)
    for number in range(6):
        scene = values.copy()
        scene[: 5 + 3 * number] = 1500 + number
        (tmp_path / f"{number}.png").write_bytes(png(scene, bits=16))
    records = [Record(None, tmp_path / f"{number}.png", (f"scene {number}",)) for number in range(6)]
    with quiet():
        base = str(make_tiny_clip(tmp_path / "base"))
        config = TrainConfig(base=base, depth_range="p2-98", epochs=1, batch_size=3, validation_share=0.3)
        pairs = load_pairs(records, config.image_of(load_checkpoint(base).image))
        best = train(config, pairs, tmp_path / "run")
        made = {name: export_bundle(str(path), tmp_path / name) for name, path in (("tuned", best), ("plain", base))}
    assert Bundle.load(tmp_path / "tuned").image.depth_range == "p2-98"
    assert Bundle.load(tmp_path / "plain").image.depth_range == "used"
    data = (tmp_path / "0.png").read_bytes()
    pixels = {name: ClipEncoder(bundle, device="cpu").load_picture(data).pixels for name, bundle in made.items()}
    assert (pixels["tuned"] == pairs.pixels[pairs.picture[0]]).all()
    assert pixels["tuned"].max() == 255 > pixels["plain"].max()
