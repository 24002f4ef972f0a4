"""A preprocessor_config.json of transformers as an ImageSpec: read whole, and refused where pictures would be made otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipseek.encoder.bundle.bundle import INTERPOLATIONS, ImageSpec

#: Behind transparency, of which no config tells.
WHITE = (255, 255, 255)
#: CLIP's own, by its names in transformers; another processor makes other pixels of the same settings.
_TYPES = ("CLIPImageProcessor", "CLIPImageProcessorFast", "CLIPFeatureExtractor")
#: transformers' defaults of CLIPImageProcessor (Radford et al. 2021: OpenAI's mean and deviation).
DEFAULTS: dict[str, Any] = {
    "size": {"shortest_edge": 224},
    "crop_size": {"height": 224, "width": 224},
    "resample": INTERPOLATIONS.index("bicubic"),
    "rescale_factor": 1 / 255,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
#: Our own keys beside transformers': which choices of encoder/pictures/rules.py a checkpoint was trained with.
READING = ("depth_range", "bands", "frame")
_STEPS = {
    "do_resize": "resizes",
    "do_center_crop": "crops",
    "do_rescale": "scales bytes to 0..1",
    "do_normalize": "normalises by mean and deviation",
}


def image_spec_of(config: Mapping[str, Any]) -> ImageSpec:
    """What ``config`` says, CLIPImageProcessor's defaults where it says nothing.

    Raises ValueError, in one line, where it squashes, leaves out a step, scales otherwise or names another processor: every key
    that alters pixels is read.
    """
    kind = config.get("image_processor_type") or config.get("feature_extractor_type") or _TYPES[0]
    if kind not in _TYPES:
        raise ValueError(f"pictures are prepared by {kind}, expected {_TYPES[0]}")
    for name, what in _STEPS.items():
        if not config.get(name, True):
            raise ValueError(f"{name} is false; only a preprocessor that {what} is understood")
    for name in ("do_pad", "do_reduce_labels", "do_thumbnail", "offset"):
        if config.get(name):
            raise ValueError(f"{name} is {config[name]!r}, which is not understood")
    values = {name: config[name] if config.get(name) is not None else default for name, default in DEFAULTS.items()}
    factor = values["rescale_factor"]
    if not isinstance(factor, int | float) or abs(factor * 255 - 1) > 1e-6:
        raise ValueError(f"rescale_factor is {factor!r}, expected 1/255")
    edge, crop = _shortest_edge(values["size"]), _side(values["crop_size"])
    if edge != crop:
        raise ValueError(
            f"resized to {edge} and cropped to {crop}; pictures here are cropped to what they are resized to"
        )
    number = values["resample"]
    if not isinstance(number, int) or not 0 <= number < len(INTERPOLATIONS):
        last = len(INTERPOLATIONS) - 1
        raise ValueError(f"resample {number!r}, expected 0 to {last}, the number of a filter of Pillow")
    mean, std = (_three(values[name], name) for name in ("image_mean", "image_std"))
    reading = {name: config[name] for name in READING if config.get(name) is not None}
    if "bands" in reading:
        reading["bands"] = tuple(reading["bands"])
    return ImageSpec(edge, mean, std, INTERPOLATIONS[number], WHITE, **reading)


def _shortest_edge(size: Any) -> int:
    """Of {"shortest_edge": S}, or a bare S; height and width would squash."""
    if isinstance(size, Mapping):
        if "shortest_edge" not in size:
            raise ValueError(
                f"size {dict(size)!r} squashes pictures to a square; expected shortest_edge, whose centre is cropped"
            )
        if "longest_edge" in size:
            raise ValueError(f"size {dict(size)!r} limits the longest edge, which is not understood")
        size = size["shortest_edge"]
    return _whole(size, "size", "one side of a square")


def _side(size: Any) -> int:
    sides = [size.get("height"), size.get("width")] if isinstance(size, Mapping) else [size, size]
    if sides[0] != sides[1]:
        raise ValueError(f"crop_size {size!r}, expected one side of a square")
    return _whole(sides[0], "crop_size", "one side of a square")


def _whole(value: Any, name: str, expected: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} {value!r}, expected {expected}")
    return value


def _three(values: Any, name: str) -> tuple[float, float, float]:
    if not isinstance(values, list) or len(values) != 3 or not all(isinstance(value, int | float) for value in values):
        raise ValueError(f"{name} {values!r}, expected three numbers")
    return float(values[0]), float(values[1]), float(values[2])
