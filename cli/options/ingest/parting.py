"""The options of ``clipseek ingest`` by which one file becomes several hits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..gathering import gathered

if TYPE_CHECKING:
    from clipseek.encoder.pictures.parts import Parting


def _parting(tiles: str | None, every: tuple[Any, ...]) -> Parting | None:
    from clipseek.encoder.pictures.errors import ImageError
    from clipseek.encoder.pictures.parts import Parting

    try:
        return Parting.read(tiles, every)
    except ImageError as problem:
        raise click.UsageError(f"--tiles {tiles}: {problem}") from None


#: The command gets ``parting``, a Parting, or None.
parting_options = gathered(
    "parting",
    _parting,
    click.option(
        "--tiles",
        metavar="SIZE[,OVERLAP]",
        help="Cut scenes larger than SIZE pixels to tiles, each a hit with its place; two neighbours share OVERLAP pixels. "
        "With --every, a file of several pages is taken apart by these, and they are not cut.",
    ),
    click.option(
        "--every",
        multiple=True,
        type=click.Choice(["page", "frame", "slice"]),
        help="Make a hit of every page of a PDF or TIFF, frame of a DICOM series, slice of a NIfTI volume, not of one. Repeatable.",
    ),
)
