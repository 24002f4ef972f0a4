"""The bundle: a folder with two ONNX towers, a tokenizer, and ``clipseek.json``, the passport that says all the rest."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import BundleError
from ..pictures.rules import DEPTH_RANGES, FRAMES, DepthRange, Frame, Rules

PASSPORT = "clipseek.json"
FILES = ("image.onnx", "text.onnx", "tokenizer.json")
#: Written on request, for ``clipseek explain``; not part of the fingerprint, because it decides no vector that is searched.
PATCHES = "patches.onnx"
#: Appended to a graph's name: the file of its weights, where they are too large for the graph's own (above 2 GB).
WEIGHTS = "_data"
#: The input of a picture tower: pixels, (N, S, S, 3) uint8, or, of towers made elsewhere or before, normalised ones,
#: (N, 3, S, S) float32.
PIXELS, FLOATS = "pixels", "pixel_values"
FORMAT = 1
#: Pillow's filters, each in the place of its number in Pillow and so in transformers' preprocessor_config.json (``resample``).
INTERPOLATIONS = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")

#: Device, inode, size and time of the last change, in nanoseconds.
Identity: TypeAlias = tuple[int, int, int, int]


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

    ``identities``: of the files that were there when it was read, for ``unchanged.same_file``.
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

    @classmethod
    def load(cls, path: Path | str, verify: bool = False) -> Bundle:
        """Read the bundle in folder ``path``.

        Every load compares the passport with its own fingerprint and the files' sizes, which costs nothing; ``verify``
        also hashes the files (0.1 s a 100 MB). Raises BundleError when the bundle is missing, incomplete, of another
        format, or not as it was written.
        """
        folder = Path(path)
        # First: if the folder is replaced in the middle of this, a file opened later is another than these.
        graphs = [folder / name for name in (*FILES, PATCHES)]
        there = [(file, identity(file)) for file in (*graphs, *map(weights_file, graphs))]
        passport = _read(folder)
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
        _check_names(folder, [*hashes, *extras])
        for name in dict.fromkeys([*FILES, *hashes]):
            _check(folder / name, hashes.get(name) if verify else None, sizes.get(name))
        for name, extra in extras.items():
            _check(folder / name, extra["sha256"] if verify else None, extra["size"])
        return bundle


def fingerprint(passport: dict[str, Any]) -> str:
    """Hex SHA-256 over everything that decides a vector: the files' hashes and how inputs are made for them."""
    deciding = {name: passport[name] for name in ("dimension", "files", "image", "text")}
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def identity(path: Path) -> Identity | None:
    """What changes when a file is replaced or written to; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def weights_file(graph: Path) -> Path:
    """Where the weights of ``graph`` are, if not in it."""
    return graph.with_name(graph.name + WEIGHTS)


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _read(folder: Path) -> dict[str, Any]:
    hint = "make one with: clipseek export-onnx CHECKPOINT OUT"
    try:
        passport = json.loads((folder / PASSPORT).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if not folder.is_dir():
            raise BundleError(f"no bundle folder at {folder}; {hint}") from None
        what = "a checkpoint, not a bundle" if (folder / "config.json").is_file() else "no bundle"
        raise BundleError(f"{folder} is {what} (it has no {PASSPORT}); {hint}") from None
    except (OSError, ValueError) as problem:
        raise BundleError(f"{folder / PASSPORT} cannot be read ({problem}); export the bundle again") from None
    if not isinstance(passport, dict):
        raise BundleError(f"{folder / PASSPORT} holds no JSON object; export the bundle again")
    return passport


def _check_names(folder: Path, listed: list[str]) -> None:
    """Only files of a bundle may be listed (the passport may be a stranger's), and each file of weights must be."""
    graphs = [name for name in (*FILES, PATCHES) if name.endswith(".onnx")]
    beside = [weights_file(Path(name)).name for name in graphs]
    for name in listed:
        if name not in (*FILES, PATCHES, *beside):
            raise BundleError(f"{folder / PASSPORT} lists {name!r}, which is no file of a bundle; export it again")
    for name in beside:
        if name not in listed and (folder / name).exists():
            raise BundleError(f"{folder / name} is not listed in {PASSPORT}: nothing vouches for it; export it again")


def _check(path: Path, expected_hash: str | None, expected_size: int | None) -> None:
    if not path.is_file():
        raise BundleError(f"{path.parent} lacks {path.name}; export the bundle again")
    size = path.stat().st_size
    if expected_size is not None and size != expected_size:
        raise BundleError(f"{path} has {size} bytes, expected {expected_size}; copy or export the bundle again")
    if expected_hash is not None and sha256(path) != expected_hash:
        raise BundleError(
            f"{path} is not the file that was exported (its SHA-256 differs); copy or export the bundle again"
        )


def _three(kind: Any, values: Any) -> Any:
    if not isinstance(values, list) or len(values) != 3:
        raise ValueError(f"{values!r}, expected three numbers")
    return tuple(kind(value) for value in values)
