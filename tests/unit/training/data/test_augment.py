"""Random views of pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.mark.train
def test_views_are_like_the_picture_and_never_mirrored() -> None:
    import torch
    from clipseek.training.data.augment import draw_views

    picture = torch.full((1, 3, 32, 32), 0.5)
    picture[..., 4:28, 4:12] = 1.0  # bright on the left
    views = draw_views(64, torch.Generator().manual_seed(0)).of(picture.expand(64, -1, -1, -1))
    assert views.shape == (64, 3, 32, 32)
    assert 0 <= float(views.min()) <= float(views.max()) <= 1
    assert (views[..., :16].mean((1, 2, 3)) > views[..., 16:].mean((1, 2, 3))).all()
    assert len({tuple(view.flatten().tolist()) for view in views}) == 64


@pytest.mark.train
@pytest.mark.parametrize(("kind", "corners"), [("natural", 1), ("radiology", 1), ("satellite", 4)])
def test_only_pictures_without_an_up_are_turned_and_mirrored(kind: str, corners: int) -> None:
    import torch
    from clipseek.training.data.augment import draw_views

    picture = torch.zeros(1, 3, 32, 32)
    picture[..., :14, :14] = 1.0  # one corner is bright
    views = draw_views(200, torch.Generator().manual_seed(0), kind).of(picture.expand(200, -1, -1, -1)).mean(1)
    halves = torch.stack([views[:, y : y + 16, x : x + 16].mean((1, 2)) for y in (0, 16) for x in (0, 16)], 1)
    counts = halves.argmax(1).bincount(minlength=4)
    assert int((counts > 20).sum()) == corners
    assert int(counts.sum()) == 200


@pytest.mark.train
def test_views_of_older_runs_are_read(tmp_path: Path) -> None:
    from clipseek.training.config import TrainConfig

    path = tmp_path / "config.json"
    TrainConfig().write(path)
    for before, now in ((True, "natural"), (False, "none")):
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "views": before}), "utf-8")
        assert TrainConfig.read(path).views == now
