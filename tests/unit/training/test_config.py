"""What a run refuses to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clipseek.training.config import TrainConfig
from clipseek.training.errors import TrainingError


def test_json_gives_it_back(tmp_path: Path) -> None:
    config = TrainConfig(base="x", epochs=2.5, minutes=1.0, augment=False)
    config.write(tmp_path / "config.json")
    assert TrainConfig.read(tmp_path / "config.json") == config


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("batch_size", 1),
        ("learning_rate", float("nan")),
        ("minutes", -1),
        ("schedule", "wavy"),
        ("precision", "fp8"),
        ("keep_share", 1.0),
        ("keep_loss", 1.5),
        ("validation_share", 0.9),
        ("weight_decay", -0.1),
    ],
)
def test_values_out_of_range_are_named(field: str, value: Any) -> None:
    values: dict[str, Any] = {field: value}
    with pytest.raises(TrainingError, match=f"{field} is .* expected"):
        TrainConfig(**values)
