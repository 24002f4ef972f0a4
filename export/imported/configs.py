"""The configs in a folder of ONNX towers: how pictures are prepared, how texts end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clipseek.encoder.bundle.bundle import INTERPOLATIONS, ImageSpec, TextSpec

from ..errors import ExportRefused

_BICUBIC = INTERPOLATIONS.index("bicubic")
_WHITE = (255, 255, 255)  # behind transparency, of which no config tells
_CONTEXT = 77  # CLIP's own


def image_spec(source: Path) -> ImageSpec:
    """From preprocessor_config.json (transformers) or preprocess_cfg.json (open_clip)."""
    path = find_file(source, "preprocessor_config.json", "preprocess_cfg.json")
    config = _json(path)
    try:
        read = _open_clip_spec if path.name == "preprocess_cfg.json" else _transformers_spec
        return read(config)
    except KeyError as problem:
        raise ExportRefused(f"{path} lacks {problem}; complete it") from None
    except (TypeError, ValueError) as problem:
        raise ExportRefused(f"{path}: {problem}") from None


def _open_clip_spec(config: dict[str, Any]) -> ImageSpec:
    if config.get("resize_mode", "shortest") != "shortest":
        raise ValueError(f"resize_mode {config['resize_mode']!r}, expected 'shortest'")
    interpolation = str(config.get("interpolation", "bicubic"))
    return ImageSpec(_edge(config["size"]), tuple(config["mean"]), tuple(config["std"]), interpolation, _WHITE)


def _transformers_spec(config: dict[str, Any]) -> ImageSpec:
    size = _edge(config.get("size", config.get("crop_size")))
    crop = _edge(config["crop_size"]) if config.get("do_center_crop", True) and "crop_size" in config else size
    if crop != size:
        raise ValueError(
            f"resized to {size} and cropped to {crop}; pictures here are cropped to what they are resized to"
        )
    number = int(config.get("resample", _BICUBIC))
    if not 0 <= number < len(INTERPOLATIONS):
        raise ValueError(
            f"resample {number}, expected 0 to {len(INTERPOLATIONS) - 1}, the number of a filter of Pillow"
        )
    return ImageSpec(size, tuple(config["image_mean"]), tuple(config["image_std"]), INTERPOLATIONS[number], _WHITE)


def text_spec(source: Path) -> TextSpec:
    """Where a text ends and how long it may be, from the tokenizer and the configs beside it."""
    from tokenizers import Tokenizer

    path = find_file(source, "tokenizer.json")
    try:
        tokenizer: Any = Tokenizer.from_file(str(path))
    except Exception as problem:  # the library raises bare Exception
        raise ExportRefused(f"{path} cannot be read ({problem})") from None
    tokenizer.no_padding()
    ends = tokenizer.encode("").ids
    if len(ends) != 2:
        raise ExportRefused(f"{path} marks an empty text with {len(ends)} tokens, expected a start and an end")
    settings = next((_json(config) for config in _all(source, "tokenizer_config.json")), {})
    pad = settings.get("pad_token")
    pad_id = tokenizer.token_to_id(pad["content"] if isinstance(pad, dict) else pad) if pad else None
    return TextSpec(_context(source, settings), ends[-1] if pad_id is None else int(pad_id), int(ends[-1]))


def _context(source: Path, settings: dict[str, Any]) -> int:
    for path in _all(source, "config.json"):
        text = _json(path).get("text_config")
        if isinstance(text, dict) and isinstance(text.get("max_position_embeddings"), int):
            return int(text["max_position_embeddings"])
    longest = settings.get("model_max_length")
    return int(longest) if isinstance(longest, int) and longest <= 4096 else _CONTEXT


def _edge(size: Any) -> int:
    """A side in pixels from any of the forms that configs have."""
    if isinstance(size, dict):
        sides = [size[name] for name in ("shortest_edge", "height", "width") if name in size]
    else:
        sides = list(size) if isinstance(size, list) else [size]
    if not sides or any(side != sides[0] for side in sides):
        raise ValueError(f"size {size!r}, expected one side of a square")
    return int(sides[0])


def find_file(source: Path, *names: str) -> Path:
    """The file of the first of ``names`` that ``source`` has, highest in the tree. Raises ExportRefused."""
    for name in names:
        for path in _all(source, name):
            return path
    raise ExportRefused(f"{source} has no {' or '.join(names)}; put the one of this model there")


def _all(source: Path, name: str) -> Iterator[Path]:
    yield from sorted(source.rglob(name), key=lambda path: (len(path.parts), str(path)))


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise ExportRefused(f"{path} cannot be read ({problem})") from None
    if not isinstance(value, dict):
        raise ExportRefused(f"{path} holds no JSON object")
    return value
