"""Every format that is read: its endings, its library, and where it is decoded. One list for reading, tests and docs.

A format of PLAIN is decoded in this process: its decoders are those that every browser has been attacked by for decades. All
others are decoded in a worker (``worker/``).
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache

from ..parts import Numbered

#: The extra that brings the libraries that stand in ``Format.modules``.
EXTRA = "formats"


@dataclass(frozen=True)
class Format:
    """``name``: Pillow's, or our own reader's. ``endings``: lower case, with the dot.

    reader: the module in ``readers/`` that has ``read(data, rules, max_megapixels) -> Decoded``; None: Pillow. modules: what is
    imported for it, from the extra. library: what people call these. what: kinds that are read, for the table in the docs.
    several: what ``ingest --every`` takes it apart by.
    """

    name: str
    endings: tuple[str, ...]
    library: str
    what: str
    reader: str | None = None
    modules: tuple[str, ...] = ()
    plain: bool = False
    options: tuple[str, ...] = ()
    several: Numbered | None = None

    @property
    def pillow(self) -> tuple[str, ...]:
        """Pillow's names for what Pillow reads of it."""
        return ("BMP", "DIB") if self.name == "BMP" else (self.name,)

    @property
    def available(self) -> bool:
        """Whether the extra's libraries for it are installed; nothing is imported."""
        return all(_installed(module) for module in self.modules)


_CURVES = "profiles, EXIF orientation"

FORMATS: tuple[Format, ...] = (
    Format(
        "JPEG",
        (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
        "Pillow",
        f"grey, YCbCr, CMYK, YCCK; of MPO the first picture; {_CURVES}",
        plain=True,
    ),
    Format(
        "PNG",
        (".png", ".apng"),
        "Pillow",
        f"1 to 16 bits, palettes, alpha, tRNS, gAMA, cHRM, cICP; {_CURVES}",
        plain=True,
    ),
    Format("WEBP", (".webp",), "Pillow", f"lossy and lossless, alpha, the first frame; {_CURVES}", plain=True),
    Format("GIF", (".gif",), "Pillow", "the first frame, transparency", plain=True),
    Format("BMP", (".bmp", ".dib"), "Pillow", "1 to 32 bits, alpha", plain=True),
    Format(
        "TIFF",
        (".tif", ".tiff"),
        "Pillow; tifffile with imagecodecs for what Pillow cannot read",
        "1 to 64 bits, floats, grey, RGB, palettes, CMYK, Lab, YCbCr, alpha; no-data values; the first page that is no reduced "
        "copy; with the extra BigTIFF, planes, bands, predictor 3, other codecs and reduced levels",
        options=("--bands", "--depth-range", "--every page"),
        several="page",
    ),
    Format("AVIF", (".avif", ".avifs"), "Pillow", f"8 bits, alpha, the first frame; {_CURVES}"),
    Format(
        "JPEG2000", (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"), "Pillow", "8 and 16 bits, grey, RGB, alpha, YCbCr"
    ),
    Format("ICO", (".ico",), "Pillow", "the largest picture, alpha"),
    Format("CUR", (".cur",), "Pillow", "the largest picture, alpha"),
    Format("ICNS", (".icns",), "Pillow", "the largest picture, alpha"),
    Format("PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"), "Pillow", "1 to 16 bits, floats"),
    Format(
        "PSD", (".psd",), "Pillow", "the whole picture that the file has beside its layers; 1 and 8 bits, CMYK, Lab"
    ),
    Format("QOI", (".qoi",), "Pillow", "RGB, alpha"),
    Format("PCX", (".pcx",), "Pillow", "1 to 24 bits"),
    Format("DCX", (".dcx",), "Pillow", "the first page"),
    Format("TGA", (".tga", ".icb", ".vda", ".vst"), "Pillow", "8 to 32 bits, palettes, run lengths"),
    Format("DDS", (".dds",), "Pillow", "plain, BC1 to BC7"),
    Format("SGI", (".sgi", ".bw", ".rgb", ".rgba"), "Pillow", "8 and 16 bits, alpha"),
    Format(
        "HEIF",
        (".heic", ".heif", ".hif"),
        "pi-heif (libheif)",
        f"8 to 12 bits, grey, RGB, alpha, the primary picture; {_CURVES}",
        "heif",
        ("pi_heif",),
    ),
    Format(
        "JPEG XL",
        (".jxl",),
        "imagecodecs (libjxl)",
        "8 to 16 bits, floats, alpha, the first frame; taken for sRGB",
        "jpeg_xl",
        ("imagecodecs",),
    ),
    Format(
        "RAW",
        (
            *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".raf", ".rw2", ".orf", ".pef"),
            *(".srw", ".3fr", ".fff", ".iiq", ".mrw", ".x3f", ".erf", ".dcr", ".kdc", ".mef", ".mos", ".rwl"),
        ),
        "rawpy (LibRaw)",
        "the embedded JPEG of at least half the sensor's side, else developed with the camera's white balance",
        "raw",
        ("rawpy",),
    ),
    Format(
        "DICOM",
        (".dcm", ".dicom", ".dic"),
        "pydicom with pylibjpeg-openjpeg, pylibjpeg-rle, pyjpegls, python-gdcm",
        "1 to 32 bits, signed, floats, MONOCHROME1 and 2, rescale, VOI tables and windows, palettes, RGB, YBR, padding",
        "dicom",
        ("pydicom",),
        options=("--frame", "--depth-range", "--every frame"),
        several="frame",
    ),
    Format(
        "NIfTI",
        (".nii", ".nii.gz"),
        "nibabel",
        "all number types, RGB; one slice from feet to head, between cal_min and cal_max",
        "nifti",
        ("nibabel",),
        options=("--frame", "--depth-range", "--every slice"),
        several="slice",
    ),
    Format(
        "SVG",
        (".svg", ".svgz"),
        "resvg_py (resvg)",
        "drawn with a longer side of 1,024 pixels; nothing outside is fetched",
        "svg",
        ("resvg_py",),
    ),
    Format(
        "PDF",
        (".pdf",),
        "pypdfium2 (PDFium)",
        "the first page, drawn at 144 dots to an inch",
        "pdf",
        ("pypdfium2",),
        options=("--every page",),
        several="page",
    ),
)
BY_NAME: dict[str, Format] = {known.name: known for known in FORMATS}
#: What reads a TIFF where Pillow cannot.
TIFF_MODULES = ("tifffile", "imagecodecs")
INSTALL = f"pip install 'clipseek[{EXTRA}]'"


def has_tifffile() -> bool:
    """Whether the extra's TIFF reader is installed."""
    return all(map(_installed, TIFF_MODULES))


@cache
def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
