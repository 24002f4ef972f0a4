"""How pictures are read: options that a bundle keeps."""

from __future__ import annotations

from typing import Any

import click
from clipseek.encoder.pictures.rules import DEPTH_RANGES, FRAMES

from .gathering import Command


def reading_options(command: Command) -> Command:
    """``bands``, ``frame`` and ``depth_range``, each None where it is not given."""
    for option in (
        click.option(
            "--depth-range",
            type=click.Choice(DEPTH_RANGES),
            help="What is black and white in pictures of more than 8 bits: the ends of their type, of the bits or values that they "
            "use, or the 2nd and 98th percentile.  [default: the bundle's, else used]",
        ),
        click.option(
            "--frame",
            type=click.Choice(FRAMES),
            help="Which frame of a DICOM series, or slice of a NIfTI volume, is the picture.  [default: the bundle's, else middle]",
        ),
        click.option(
            "--bands",
            metavar="R,G,B",
            callback=_bands,
            help="Bands of a scene of many that are red, green and blue, as 4,3,2; or one of them, as grey.",
        ),
    ):
        command = option(command)
    return command


def chosen_rules(bands: tuple[int, ...] | None, frame: str | None, depth_range: str | None) -> dict[str, Any]:
    """What was given of ``reading_options``, by the names of ``ImageSpec`` and ``Rules``."""
    given = {"bands": bands, "frame": frame, "depth_range": depth_range}
    return {name: value for name, value in given.items() if value is not None}


def _bands(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    parts = value.split(",")
    numbers = tuple(int(part) for part in parts if part.strip().isascii() and part.strip().isdigit())
    if len(numbers) != len(parts) or len(numbers) not in (1, 3) or min(numbers) < 1:
        raise click.BadParameter(f"{value!r}, expected three numbers of bands from 1, as 4,3,2, or one of them")
    return numbers
