"""Random views of pictures."""

from __future__ import annotations

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
