"""How pictures and texts are prepared for towers made elsewhere, as the files beside them say; and what these say of the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clipseek.encoder.bundle.bundle import ImageSpec, TextSpec
from clipseek.training.model.preprocessor import WHITE, image_spec_of

from ..errors import ExportRefused

_CONTEXT = 77  # CLIP's own
_FAMILIES = (None, "clip", "clip_text_model", "clip_vision_model")
PROCESSOR, OPEN_CLIP, TOKENIZER = "preprocessor_config.json", "preprocess_cfg.json", "tokenizer.json"


def check_family(source: Path) -> None:
    """Raise ExportRefused where a config.json under ``source`` is that of another family than CLIP."""
    for path in everywhere(source, "config.json"):
        family = read_json(path).get("model_type")
        if family not in _FAMILIES:
            raise ExportRefused(
                f"{path}: model_type is {family!r}; other families than 'clip' are not understood; nothing was written"
            )


def image_spec(source: Path) -> ImageSpec:
    """From preprocessor_config.json (transformers) or preprocess_cfg.json (open_clip)."""
    path = find(source, PROCESSOR, OPEN_CLIP)
    config = read_json(path)
    try:
        read = _open_clip_spec if path.name == OPEN_CLIP else _transformers_spec
        return read(config)
    except KeyError as problem:
        raise ExportRefused(f"{path} lacks {problem}; complete it") from None
    except (TypeError, ValueError) as problem:
        raise ExportRefused(f"{path}: {problem}") from None


def _open_clip_spec(config: dict[str, Any]) -> ImageSpec:
    if config.get("resize_mode", "shortest") != "shortest":
        raise ValueError(f"resize_mode {config['resize_mode']!r}, expected 'shortest'")
    interpolation = str(config.get("interpolation", "bicubic"))
    return ImageSpec(_edge(config["size"]), tuple(config["mean"]), tuple(config["std"]), interpolation, WHITE)


def _transformers_spec(config: dict[str, Any]) -> ImageSpec:
    """Mean and deviation must be named: for want of a processor's name nothing else says whose they would be."""
    if config.get("do_normalize", True):
        for name in ("image_mean", "image_std"):
            if name not in config:
                raise KeyError(name)
    return image_spec_of(config)


def text_spec(source: Path) -> TextSpec:
    """Where a text ends and how long it may be, from the tokenizer and the configs beside it."""
    from tokenizers import Tokenizer

    path = find(source, TOKENIZER)
    try:
        tokenizer: Any = Tokenizer.from_file(str(path))
    except Exception as problem:  # the library raises bare Exception
        raise ExportRefused(f"{path} cannot be read ({problem})") from None
    tokenizer.no_padding()
    ends = tokenizer.encode("").ids
    if len(ends) != 2:
        raise ExportRefused(f"{path} marks an empty text with {len(ends)} tokens, expected a start and an end")
    settings = next((read_json(config) for config in everywhere(source, "tokenizer_config.json")), {})
    pad = settings.get("pad_token")
    pad_id = tokenizer.token_to_id(pad["content"] if isinstance(pad, dict) else pad) if pad else None
    return TextSpec(_context(source, settings), ends[-1] if pad_id is None else int(pad_id), int(ends[-1]))


def _context(source: Path, settings: dict[str, Any]) -> int:
    """The model's positions, and no more than the tokenizer's own limit."""
    limits = [settings.get("model_max_length")]
    for path in everywhere(source, "config.json"):
        held = read_json(path)
        text = held.get("text_config") if isinstance(held.get("text_config"), dict) else held
        limits.append(text.get("max_position_embeddings") if isinstance(text, dict) else None)
    known = [limit for limit in limits if isinstance(limit, int) and 2 <= limit <= 4096]
    return min(known, default=_CONTEXT)


def _edge(size: Any) -> int:
    """A side in pixels from any of the forms that configs have."""
    if isinstance(size, dict):
        sides = [size[name] for name in ("shortest_edge", "height", "width") if name in size]
    else:
        sides = list(size) if isinstance(size, list) else [size]
    if not sides or any(side != sides[0] for side in sides):
        raise ValueError(f"size {size!r}, expected one side of a square")
    return int(sides[0])


def find(source: Path, *names: str) -> Path:
    """The file of the first of ``names`` that ``source`` has, highest in the tree. Raises ExportRefused."""
    for name in names:
        for path in everywhere(source, name):
            return path
    raise ExportRefused(f"{source} has no {' or '.join(names)}; put the one of this model there")


def everywhere(source: Path, name: str) -> Iterator[Path]:
    yield from sorted(source.rglob(name), key=lambda path: (len(path.parts), str(path)))


def read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise ExportRefused(f"{path} cannot be read ({problem})") from None
    if not isinstance(value, dict):
        raise ExportRefused(f"{path} holds no JSON object")
    return value
