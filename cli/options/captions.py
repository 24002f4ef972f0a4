"""Options that say what becomes the captions of a picture."""

from __future__ import annotations

import click

from .choices import CAPTIONS_FROM

#: What becomes the captions of a picture.
CAPTION_OPTIONS = (
    click.option(
        "--captions",
        type=click.Choice(CAPTIONS_FROM),
        default="auto",
        show_default=True,
        help="Where captions come from: sidecar (files beside the pictures, columns of SOURCE), embedded (XMP, IPTC, EXIF and "
        "PNG texts inside the pictures), both, none; auto takes embedded ones of pictures that have no other.",
    ),
    click.option(
        "--dicom-tags",
        default="",
        metavar="NAME[,NAME]",
        help="DICOM's descriptions that become captions, like SeriesDescription,BodyPartExamined; none by default, and never "
        "what says who a patient is.",
    ),
    click.option(
        "--clean",
        is_flag=True,
        help="Take figure numbers, panel letters, references, entities and LaTeX out of captions; says how many, with examples. "
        "The captions as they were stay in the metadata caption_original.",
    ),
    click.option(
        "--sidecar",
        type=click.Choice(["lines", "whole"]),
        default="lines",
        show_default=True,
        help="How a .txt or .caption beside a picture is read: each line a caption, or the whole file as one.",
    ),
)
