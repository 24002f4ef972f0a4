"""The bundle: a folder with two ONNX towers, a tokenizer, and ``clipseek.json``, the passport that says all the rest."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import BundleError
from ..pictures.rules import DEPTH_RANGES, FRAMES, DepthRange, Frame, Rules
from .files import (
    FILES,
    PASSPORT,
    PATCHES,
    TRAINED_ON,
    Identity,
    check_file,
    check_names,
    check_references,
    identity,
    read_passport,
    unlisted,
    weights_file,
)

#: The input of a picture tower: pixels, (N, S, S, 3) uint8, or, of towers made elsewhere or before, normalised ones,
#: (N, 3, S, S) float32.
PIXELS, FLOATS = "pixels", "pixel_values"
FORMAT = 1
#: Pillow's filters, each in the place of its number in Pillow and so in transformers' preprocessor_config.json (``resample``).
INTERPOLATIONS = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")


@dataclass(frozen=True)
class ImageSpec:
    """How a picture becomes pixels: shortest edge to ``size``, centre crop, scaled to 0..1, minus mean, over std.

    ``background`` (RGB, 0..255) is what shows through transparency; ``depth_range``: what becomes black and white in pictures of
    more than 8 bits; ``bands`` and ``frame``: which of several are the picture (``pictures.rules.Rules``). Raises ValueError when
    no picture could be so made.
    """

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    background: tuple[int, int, int]
    depth_range: DepthRange = "used"
    bands: tuple[int, ...] = ()
    frame: Frame = "middle"

    def __post_init__(self) -> None:
        if not 1 <= self.size <= 4096:
            raise ValueError(f"image size {self.size}, expected 1 to 4096 pixels")
        if self.interpolation not in INTERPOLATIONS:
            raise ValueError(f"interpolation {self.interpolation!r}, expected one of {', '.join(INTERPOLATIONS)}")
        if len(self.mean) != 3 or len(self.std) != 3 or not all(map(math.isfinite, (*self.mean, *self.std))):
            raise ValueError(f"mean {self.mean} and std {self.std}, expected three numbers each")
        if min(self.std) <= 0:
            raise ValueError(f"std {self.std}, expected more than 0")
        if len(self.background) != 3 or not all(0 <= value <= 255 for value in self.background):
            raise ValueError(f"background {self.background}, expected three numbers from 0 to 255")
        if self.depth_range not in DEPTH_RANGES:
            raise ValueError(f"depth range {self.depth_range!r}, expected one of {', '.join(DEPTH_RANGES)}")
        if len(self.bands) not in (0, 1, 3) or min(self.bands, default=1) < 1:
            raise ValueError(f"bands {self.bands}, expected three numbers from 1, or one")
        if self.frame not in FRAMES:
            raise ValueError(f"frame {self.frame!r}, expected one of {', '.join(FRAMES)}")

    @property
    def rules(self) -> Rules:
        """By which a file's values become pixels."""
        return Rules(self.background, self.depth_range, self.bands, self.frame)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ImageSpec:
        """Of a passport's ``image``. Raises KeyError, TypeError and ValueError for what is none."""
        return cls(
            size=int(values["size"]),
            mean=_three(float, values["mean"]),
            std=_three(float, values["std"]),
            interpolation=str(values["interpolation"]),
            background=_three(int, values["background"]),
            # Bundles from before there was a choice.
            depth_range=values.get("depth_range", "used"),
            bands=tuple(map(int, values.get("bands", ()))),
            frame=values.get("frame", "middle"),
        )

    def as_dict(self) -> dict[str, Any]:
        """A passport's ``image``. Resizing and cropping have no choice; they are named for readers of other libraries."""
        written = {**asdict(self), "resize": "shortest_edge", "crop": "center"}
        # A bundle's fingerprint stays that of those from before there was a choice.
        usual = {"depth_range": "used", "bands": (), "frame": "middle"}
        return {name: value for name, value in written.items() if name not in usual or value != usual[name]}


@dataclass(frozen=True)
class TextSpec:
    """``context_length`` in tokens, both ends included."""

    context_length: int
    pad_id: int
    eos_id: int

    def __post_init__(self) -> None:
        if self.context_length < 2:
            raise ValueError(f"context length {self.context_length}, expected at least 2 (both ends)")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TextSpec:
        """Of a passport's ``text``. Raises KeyError, TypeError and ValueError for what is none."""
        return cls(*(int(values[name]) for name in ("context_length", "pad_id", "eos_id")))

    def as_dict(self) -> dict[str, int]:
        """A passport's ``text``."""
        return asdict(self)


@dataclass(frozen=True)
class Bundle:
    """A complete bundle, read from its folder. ``passport`` is the whole of clipseek.json.

    ``identities``: of the files that were there when it was read, and ``hashed``, those of them whose hash was compared then, for
    ``unchanged.same_file``. ``unlisted``: what lies in the folder and is no part of the bundle: nothing of it is read.
    """

    path: Path
    fingerprint: str
    dimension: int
    image: ImageSpec
    text: TextSpec
    precision: str
    logit_scale: float
    passport: dict[str, Any]
    identities: dict[str, Identity] = field(default_factory=dict, compare=False, repr=False)
    hashed: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    unlisted: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def load(cls, path: Path | str, verify: bool = False) -> Bundle:
        """Read the bundle in folder ``path``.

        Every load compares the passport with its own fingerprint and the files' sizes, which costs nothing; each file is hashed
        (0.1 s a 100 MB) when it is first opened, or all of them now, to ``verify``. Raises BundleError when the bundle is
        missing, incomplete, of another format, or not as it was written.
        """
        folder = Path(path)
        # First: if the folder is replaced in the middle of this, a file opened later is another than these.
        graphs = [folder / name for name in (*FILES, PATCHES)]
        there = [(file, identity(file)) for file in (*graphs, *map(weights_file, graphs), folder / TRAINED_ON)]
        passport = read_passport(folder)
        try:
            if passport["format"] != FORMAT:
                raise BundleError(
                    f"{folder} has bundle format {passport['format']!r}, expected {FORMAT}; export it again"
                )
            bundle = cls(
                path=folder.absolute(),
                fingerprint=str(passport["fingerprint"]),
                dimension=int(passport["dimension"]),
                image=ImageSpec.from_dict(passport["image"]),
                text=TextSpec.from_dict(passport["text"]),
                precision=str(passport["precision"]),
                logit_scale=float(passport["logit_scale"]),
                passport=passport,
                identities={file.name: one for file, one in there if one is not None},
                hashed=frozenset(file.name for file, _ in there) if verify else frozenset(),
                unlisted=unlisted(folder, passport),
            )
            hashes, sizes = dict(passport["files"]), dict(passport.get("sizes", {}))
            changed = fingerprint(passport) != bundle.fingerprint
        except KeyError as problem:
            raise BundleError(f"{folder / PASSPORT} lacks {problem}; export the bundle again") from None
        except (TypeError, ValueError) as problem:
            raise BundleError(f"{folder / PASSPORT} is garbled ({problem}); export the bundle again") from None
        if changed:
            raise BundleError(
                f"{folder / PASSPORT} was changed since the export (its fingerprint differs); export it again"
            )
        extras = passport.get("extras", {})
        check_names(folder, [*hashes, *extras])
        for name in dict.fromkeys([*FILES, *hashes]):
            check_file(folder / name, hashes.get(name) if verify else None, sizes.get(name))
        for name, extra in extras.items():
            check_file(folder / name, extra["sha256"] if verify else None, extra["size"])
        if verify:
            for graph in graphs:
                if graph.name in (*hashes, *extras):
                    check_references(graph, [*hashes, *extras])
        return bundle


def fingerprint(passport: dict[str, Any]) -> str:
    """Hex SHA-256 over everything that decides a vector: the files' hashes and how inputs are made for them."""
    deciding = {name: passport[name] for name in ("dimension", "files", "image", "text")}
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def _three(kind: Any, values: Any) -> Any:
    if not isinstance(values, list) or len(values) != 3:
        raise ValueError(f"{values!r}, expected three numbers")
    return tuple(kind(value) for value in values)
