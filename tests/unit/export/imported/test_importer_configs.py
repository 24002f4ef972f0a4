"""How a folder's configs say that pictures are prepared and texts end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.export.errors import ExportRefused
from clipseek.export.imported.specs import image_spec
from clipseek.export.imported.towers import find_towers

TRANSFORMERS: dict[str, Any] = {
    "size": {"shortest_edge": 32},
    "crop_size": {"height": 32, "width": 32},
    "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.2, 0.2, 0.2],
}
OPEN_CLIP: dict[str, Any] = {"size": [32, 32], "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2]}


def folder(tmp_path: Path, name: str, config: dict[str, Any]) -> Path:
    (tmp_path / name).write_text(json.dumps(config), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "config", "interpolation"),
    [
        ("preprocessor_config.json", TRANSFORMERS, "bicubic"),
        ("preprocessor_config.json", {**TRANSFORMERS, "resample": 1}, "lanczos"),
        ("preprocess_cfg.json", OPEN_CLIP, "bicubic"),
        ("preprocess_cfg.json", {**OPEN_CLIP, "interpolation": "bilinear", "resize_mode": "shortest"}, "bilinear"),
    ],
)
def test_both_libraries_configs(name: str, config: dict[str, Any], interpolation: str, tmp_path: Path) -> None:
    spec = image_spec(folder(tmp_path, name, config))
    assert spec == ImageSpec(32, (0.5, 0.4, 0.3), (0.2, 0.2, 0.2), interpolation, (255, 255, 255))


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("preprocessor_config.json", {**TRANSFORMERS, "resample": 6}, "resample 6, expected 0 to 5"),
        ("preprocessor_config.json", {**TRANSFORMERS, "resample": -1}, "resample -1, expected 0 to 5"),
        ("preprocessor_config.json", {**TRANSFORMERS, "crop_size": 30}, "resized to 32 and cropped to 30"),
        ("preprocessor_config.json", {**TRANSFORMERS, "size": [32, 40]}, "expected one side of a square"),
        ("preprocessor_config.json", {"size": 32}, "lacks 'image_mean'; complete it"),
        ("preprocess_cfg.json", {**OPEN_CLIP, "resize_mode": "squash"}, "resize_mode 'squash', expected 'shortest'"),
        ("preprocess_cfg.json", {**OPEN_CLIP, "interpolation": "magic"}, "interpolation 'magic', expected one of"),
    ],
)
def test_what_no_picture_can_be_made_by_is_refused(
    name: str, config: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportRefused, match=message) as caught:
        image_spec(folder(tmp_path, name, config))
    assert str(tmp_path / name) in str(caught.value)


def test_a_folder_without_configs_or_towers(tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match=r"has no preprocessor_config\.json or preprocess_cfg\.json"):
        image_spec(tmp_path)
    with pytest.raises(ExportRefused, match="picture towers found: none; expected one, name it with --image-tower"):
        find_towers(tmp_path, None, None)
    with pytest.raises(ExportRefused, match="is no folder"):
        find_towers(tmp_path / "gone", None, None)
