"""Vectors of pairs; the outputs of locked towers, computed once, under projections that learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.models import make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_clip(tmp_path_factory.mktemp("base")))


@pytest.fixture(scope="module")
def pairs(base: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint

    return load_pairs(write_squares(tmp_path_factory.mktemp("squares"), copies=4), load_checkpoint(base).image)


def test_the_first_view_is_what_serving_computes(base: str, pairs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.model.embed import embed_distinct, pooled_features, project_both

    checkpoint = load_checkpoint(base)
    some = pairs.take([5, 70, 71, 3])  # rows of pixels that others, not shown here, lie between
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr("clipseek.training.model.embed.BATCH", 3)
    features = pooled_features(checkpoint, some, "fp32", views=3, on_progress=lambda done, of: seen.append((done, of)))
    texts, images = embed_distinct(checkpoint, some)
    ours = project_both(checkpoint, features.captions[0], features.pictures[0])
    torch.testing.assert_close(ours[0], texts)
    torch.testing.assert_close(ours[1], images)
    assert not torch.allclose(features.pictures[1], features.pictures[0])
    assert seen[-1] == (24, 24)


def test_the_adapter_learns_and_leaves_the_towers_alone(base: str, pairs: Any, tmp_path: Path) -> None:
    import torch
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train
    from clipseek.training.run.recipes import from_recipe

    learn, held = list(range(72)), list(range(72, 96))
    events: list[dict[str, Any]] = []
    config = from_recipe("adapter", base=base, precision="fp32", epochs=60.0, batch_size=24, learning_rate=1e-2)
    best = train(config, pairs.take(learn), tmp_path / "run", validation=pairs.take(held), on_event=events.append)
    passes = [event["validation_mrr"] for event in events if event["event"] == "validation"]
    assert max(passes) > passes[0] + 0.15
    before, after = (load_checkpoint(name).model.state_dict() for name in (base, str(best)))
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"visual_projection.weight", "text_projection.weight", "logit_scale"}


def test_cached_batches_give_the_loss_of_the_towers_themselves(base: str, pairs: Any) -> None:
    """Without augmentation a step on cached outputs is the step on pictures and captions."""
    from clipseek.training.config import TrainConfig
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.step.batch import BatchMaker, make_batches
    from clipseek.training.step.distributed import World
    from clipseek.training.step.learner import Learner

    config = TrainConfig(base=base, lock="both", augment=False, batch_size=24, precision="fp32")
    checkpoint = load_checkpoint(base)
    learner = Learner(checkpoint, config, "fp32", World())
    plain = BatchMaker(config, checkpoint, pairs, None)
    cached = make_batches(config, checkpoint, pairs, None, World(), "fp32", lambda event: None)
    for step in range(3):
        assert learner.gradients(cached.make(step)) == pytest.approx(learner.gradients(plain.make(step)), rel=1e-5)
