"""What ``clipseek data show`` gathers: each file as the model sees it, and what decided that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options.query_pictures import read_picture_file

if TYPE_CHECKING:
    from clipseek.encoder.bundle.bundle import ImageSpec
    from clipseek.encoder.pictures.crop import Crop, PictureFile
    from clipseek.sheets.inspection import Inspected

#: Of CLIP's own towers, where no bundle is named.
_SIZE = 224


def spec_of(bundle: str | None, chosen: Mapping[str, Any]) -> ImageSpec:
    """How ``bundle``, or a model of CLIP's usual size, reads pictures, but for what was ``chosen``."""
    from clipseek.encoder import Bundle
    from clipseek.encoder.bundle.bundle import ImageSpec

    usual = ImageSpec(_SIZE, (0.0,) * 3, (1.0,) * 3, "bicubic", (255, 255, 255))  # pixels alone: nothing is normalised
    return replace(usual if bundle is None else Bundle.load(bundle).image, **chosen)


def files_given(context: click.Context, parameter: click.Parameter, given: Sequence[str]) -> tuple[PictureFile, ...]:
    """FILE, FILE#page=3 and FILE#x,y,w,h, as a callback of Click."""
    files = tuple(map(read_picture_file, given))
    for file in files:
        if not file.path.exists():
            raise click.BadParameter(f"Path '{file.path}' does not exist.", context, parameter)
    return files


def inspected(files: Sequence[PictureFile], spec: ImageSpec) -> Iterator[Inspected]:
    """One after another; of a folder its pictures."""
    from clipseek.sources.folders.folder import picture_files

    for file in files:
        for path in picture_files(file.path):
            yield as_seen(path, spec, file.crop)


def as_seen(path: Path, spec: ImageSpec, crop: Crop | None = None) -> Inspected:
    """The picture, or ``crop`` of it, as a model sees it, with what decided that, or why it cannot be read."""
    from clipseek.encoder.pictures.errors import ImageError
    from clipseek.encoder.pictures.files import read_file
    from clipseek.encoder.pictures.formats.registry import BY_NAME
    from clipseek.encoder.pictures.formats.sniffing import format_of
    from clipseek.encoder.pictures.images import open_picture
    from clipseek.encoder.run.preprocess import resize_and_crop
    from clipseek.sheets.inspection import Inspected
    from PIL import Image

    name, facts = str(path) if crop is None else f"{path}#{crop}", list[str]()
    try:
        data = read_file(path)
        known = format_of(data)
        if known is not None:
            endings = BY_NAME[known.name].endings
            disguised = path.suffix and not path.name.lower().endswith(endings)
            facts.append(f"format: {known.name}" + (f", though its name ends with {path.suffix}" if disguised else ""))
        seen = open_picture(data, spec.rules, edge=spec.size, crop=crop)
    except ImageError as problem:
        return Inspected(name, (*facts, f"skipped: {problem}"))
    pixels = Image.fromarray(resize_and_crop(seen.picture, spec))
    facts += [f"size: {seen.width} x {seen.height} pixels", *(seen.facts or ["8 bits in sRGB, as they are"])]
    if seen.said:
        facts.append(f"its decoder says: {seen.said}")
    return Inspected(name, tuple(facts), seen.picture, pixels)
