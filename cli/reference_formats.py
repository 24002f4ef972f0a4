"""The page docs/reference/formats.md, from the list by which pictures are read."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

from clipseek.encoder.pictures.formats.registry import FORMATS, INSTALL, Format
from clipseek.encoder.pictures.rules import VERSIONS

_WIDTH = 140
_HEAD = f"""# Picture formats

Made by `python -m clipseek.cli.reference`; do not edit.

What a file holds decides its format, not its name. A folder's files are taken for pictures by the endings below; a manifest, a tar
or an upload may name any file. Formats marked *extra* are read after `{INSTALL}`; without it such a file is skipped
with that line.

All but the formats marked *here* are decoded in a worker process with limits of memory and time: a file that crashes or hangs its
decoder costs that one file, and what the decoder prints stands beside its name. `clipseek data show FILE…` draws a picture as the
model sees it and says what decided it.

"""
#: What is shown how; each row has made pictures in the tests.
DEPTHS = (
    ("8 bits and fewer", "as they are; 1, 2 and 4 bits by their own range"),
    (
        "unsigned, more than 8 bits",
        "by the fewest of 8, 10, 12, 14 and 16 bits that hold the values, where the file does not say how many are in use "
        "(`--depth-range used`); `full`: by the type; `p2-98`: from the 2nd to the 98th percentile of each band",
    ),
    ("signed, floats, 32 bits", "from the least to the greatest value, one in a thousand at each end left out"),
    (
        "a DICOM grey",
        "rescale, then the first VOI table or window; without one as above; padding is black; MONOCHROME1 is turned round",
    ),
    (
        "no-data values",
        "GDAL's tag, not-a-number, a frame of one far value: left out of the range, filled with the background",
    ),
    ("MINISWHITE, MONOCHROME1", "turned round"),
    ("CMYK, Lab, YCbCr, profiles, cICP, gAMA", "to sRGB by their curves"),
    ("transparency", "on the bundle's background, white by default"),
    (
        "many bands",
        "as the file names them (GDAL's colour interpretation, RGB and more); else refused, until `--bands 4,3,2` chooses",
    ),
    (
        "pages, levels",
        "the first page that is no reduced copy or mask; of a large picture the smallest level of twice the model's edge",
    ),
    (
        "large scenes",
        "of 16 megapixels and more: a JPEG at 1/2, 1/4 or 1/8, a PNG of up to 8 bits by bands of rows, a few megabytes at a time, "
        "a JPEG 2000 of up to 8 bits by its resolutions, a TIFF by a level that it holds; all others are decoded whole: TIFF "
        "without levels, interlaced or 16-bit PNG, WebP, HEIF and more. A progressive JPEG is reduced, too, but libjpeg keeps the "
        "coefficients of all of it",
    ),
    (
        "frames, slices",
        "the middle one of a DICOM or NIfTI series, `--frame first`: the first; of animations the first that shows something",
    ),
)


def formats_page() -> str:
    """The whole page."""
    lines = [_HEAD.rstrip(), "", "| format | endings | read by | what is read | options |", "|---|---|---|---|---|"]
    lines += [_row(known) for known in FORMATS]
    lines += ["", "## Depths, colours, pages", "", "| what | how it is shown |", "|---|---|"]
    lines += [f"| {what} | {how} |" for what, how in DEPTHS]
    lines += ["", "## Versions of the rules", "", *_versions()]
    return "\n".join(lines) + "\n"


def _row(known: Format) -> str:
    endings = " ".join(f"`{ending}`" for ending in known.endings)
    where = "here" if known.plain else "*extra*" if known.modules else ""
    library = f"{known.library} ({where})" if where else known.library
    return (
        f"| {known.name} | {endings} | {library} | {known.what} | {' '.join(f'`{name}`' for name in known.options)} |"
    )


def _versions() -> Iterator[str]:
    text = (
        "A document keeps the version of each rule that its picture met, and is encoded again when one of them has changed: "
        + ", ".join(f"{name} {version}" for name, version in VERSIONS.items())
        + "."
    )
    yield fill(text, _WIDTH, break_on_hyphens=False)
