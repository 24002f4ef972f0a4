"""The bundle: a folder with two ONNX towers, a tokenizer, and ``clipseek.json``, the passport that says all the rest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import BundleError

PASSPORT = "clipseek.json"
FILES = ("image.onnx", "text.onnx", "tokenizer.json")
FORMAT = 1


@dataclass(frozen=True)
class ImageSpec:
    """How a picture becomes pixels: shortest edge to ``size``, centre crop, scaled to 0..1, minus mean, over std."""

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    background: tuple[int, int, int]


@dataclass(frozen=True)
class TextSpec:
    """``context_length`` in tokens, both ends included."""

    context_length: int
    pad_id: int
    eos_id: int


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read and found complete."""

    path: Path
    fingerprint: str
    dimension: int
    image: ImageSpec
    text: TextSpec
    precision: str
    logit_scale: float
    passport: dict[str, Any]

    @classmethod
    def load(cls, path: Path | str, verify: bool = False) -> Bundle:
        """Read the bundle in folder ``path``; with ``verify``, hash its files (tens of milliseconds a 100 MB).

        Raises BundleError when it is missing, incomplete, of another format, or (``verify``) changed since it was written.
        """
        folder = Path(path)
        try:
            passport = json.loads((folder / PASSPORT).read_text("utf-8"))
        except FileNotFoundError:
            hint = "make one with: clipseek export-onnx CHECKPOINT OUT"
            raise BundleError(f"{folder} is no bundle (it has no {PASSPORT}); {hint}") from None
        except (OSError, ValueError) as problem:
            raise BundleError(f"{folder / PASSPORT} cannot be read ({problem}); export the bundle again") from None
        try:
            if passport["format"] != FORMAT:
                raise BundleError(
                    f"{folder} has bundle format {passport['format']}, expected {FORMAT}; export it again"
                )
            image, text = passport["image"], passport["text"]
            bundle = cls(
                path=folder.absolute(),
                fingerprint=passport["fingerprint"],
                dimension=int(passport["dimension"]),
                image=ImageSpec(
                    size=int(image["size"]),
                    mean=(image["mean"][0], image["mean"][1], image["mean"][2]),
                    std=(image["std"][0], image["std"][1], image["std"][2]),
                    interpolation=image["interpolation"],
                    background=(image["background"][0], image["background"][1], image["background"][2]),
                ),
                text=TextSpec(int(text["context_length"]), int(text["pad_id"]), int(text["eos_id"])),
                precision=passport["precision"],
                logit_scale=float(passport["logit_scale"]),
                passport=passport,
            )
            hashes = dict(passport["files"])
        except (KeyError, TypeError, ValueError, IndexError) as problem:
            raise BundleError(f"{folder / PASSPORT} lacks or garbles {problem}; export the bundle again") from None
        for name in FILES:
            if not (folder / name).is_file():
                raise BundleError(f"{folder} lacks {name}; export the bundle again")
            if verify and sha256(folder / name) != hashes.get(name):
                raise BundleError(
                    f"{folder / name} is not the file that was exported (SHA-256 differs); export it again"
                )
        return bundle


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _sha256(file)


def _sha256(file: Any) -> str:
    digest = hashlib.sha256()  # Python 3.10 has no file_digest
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def write_passport(folder: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Complete ``facts`` with the files' hashes and the fingerprint over everything that decides a vector, and write them.

    ``facts`` holds dimension, image, text, precision, logit_scale, provenance and parity. Returns the whole passport.
    """
    files = {name: sha256(folder / name) for name in FILES}
    deciding = {"files": files, "image": facts["image"], "text": facts["text"], "dimension": facts["dimension"]}
    fingerprint = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()
    passport = {"format": FORMAT, "fingerprint": fingerprint, **facts, "files": files}
    (folder / PASSPORT).write_text(json.dumps(passport, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return passport
