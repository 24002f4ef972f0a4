"""A picture's file as its format's own library reads it, brought to 8 bits by the rules of docs/reference/formats.md.

Written from that page, apart from clipseek's readers: ``library_files.py`` compares the two. A worker's
task, for libraries crash too.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

Grey = NDArray[np.float64]


def work(data: bytes, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """``asked``: the ``format`` that the file has. One array, (H, W, 3) uint8."""
    warnings.simplefilter("ignore")
    readers = {"DICOM": _dicom, "NIfTI": _nifti, "HEIF": _heif, "JPEG XL": _jpeg_xl, "SVG": _svg, "PDF": _pdf}
    name = asked["format"]
    if name == "TIFF":
        try:  # Pillow keeps 8 bits of deep colours, and of many bands it reads none
            return {"by": "tifffile"}, [_tiff(data)]
        except Exception:
            return {"by": "Pillow"}, [_pillow(data)]
    return {"by": name}, [readers.get(name, _pillow)(data)]


def eight_bits(values: NDArray[Any], bits: int | None = None) -> NDArray[np.uint8]:
    """Of (H, W) or (H, W, C): unsigned by the fewest bits in use, others by their range without strays."""
    pixels = values.reshape(values.shape[0] * values.shape[1], -1)
    if values.dtype.kind == "f":
        pixels = pixels[np.isfinite(pixels).all(1)]
    if values.dtype == bool:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint8 and bits in (None, 8):
        return values
    strays = max(len(pixels) // 1000, 1 if len(pixels) >= 256 else 0)
    low = float(np.sort(pixels.min(1))[strays])
    high = float(np.sort(pixels.max(1))[-1 - strays])
    if values.dtype.kind == "u":
        fitting = [bits] if bits is not None else [depth for depth in (8, 10, 12, 14, 16) if high < 2**depth]
        if fitting:
            low, high = 0.0, 2.0 ** fitting[0] - 1
    return _between(values, low, high)


def _between(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    scaled = np.nan_to_num((values.astype(np.float64) - low) / max(high - low, 1e-12) * 255)
    return np.asarray(scaled.clip(0, 255).round(), np.uint8)


def _rgb(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    values = values[..., None] if values.ndim == 2 else values
    return np.ascontiguousarray(np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values[..., :3])


def _pillow(data: bytes) -> NDArray[np.uint8]:
    picture = _first_shown(data)
    if picture.info.get("exif") or picture.format == "TIFF":  # an orientation in XMP alone is no viewer's
        picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture)
        return _rgb(eight_bits(values.astype(np.uint32) if picture.mode == "I" and values.min() >= 0 else values))
    to = ImageCms.createProfile("sRGB")
    if picture.mode == "LAB":
        made = ImageCms.profileToProfile(picture, ImageCms.createProfile("LAB"), to, outputMode="RGB")
        return np.asarray(made)
    see_through = picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info
    alpha = picture.convert("RGBA") if see_through else None
    shown = picture if picture.mode in ("RGB", "L", "CMYK") else (alpha or picture).convert("RGB")
    if profile := picture.info.get("icc_profile"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            shown = ImageCms.profileToProfile(shown, source, to, outputMode="RGB")
        except (ImageCms.PyCMSError, ValueError, TypeError, OSError):
            pass
    elif picture.format == "PNG" and "gamma" in picture.info and "srgb" not in picture.info:
        light = (np.asarray(shown.convert("RGB")) / 255) ** (1 / picture.info["gamma"])
        encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
        shown = Image.fromarray((encoded * 255).round().astype(np.uint8))
    shown = shown.convert("RGB")
    if alpha is not None:
        base = Image.new("RGB", shown.size, "white")
        base.paste(shown, mask=alpha.getchannel("A"))
        shown = base
    return np.asarray(shown)


def _first_shown(data: bytes) -> Any:
    """The first frame, or page, that has more than one colour, else the first."""
    picture: Any = Image.open(io.BytesIO(data))
    frames = min(64, getattr(picture, "n_frames", 1))
    if picture.format in ("GIF", "WEBP", "PNG", "AVIF", "TIFF") and frames > 1:
        for number in range(frames):
            picture.seek(number)
            values = np.asarray(picture.convert("RGBA"), np.int16)
            if values[..., 3].any() and (np.ptp(values.reshape(-1, 4), axis=0) > 8).any():
                return picture.copy()
        picture = Image.open(io.BytesIO(data))  # sought back, Pillow loses the palette
    picture.load()
    return picture


def _tiff(data: bytes) -> NDArray[np.uint8]:
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        pages = [page for page in file.pages if not int(getattr(page, "subfiletype", 0) or 0) & 5]
        page: Any = (pages or [*file.pages])[0]
        kind, samples = int(page.photometric), page.samplesperpixel
        flat = page.bitspersample in (1, 8) and page.compression in (1, 5, 7, 8, 32773) and page.sampleformat == 1
        if (
            flat
            or 262 not in page.tags
            or kind not in (0, 1, 2)
            or page.tags.valueof(34675)
            or page.tags.valueof(274, 1) != 1
            or 42113 in page.tags
        ):
            raise ValueError("left to Pillow")
        values = page.asarray()
        planes = page.planarconfig == 2 and samples > 1
        bits = page.bitspersample
    if planes:
        values = np.moveaxis(values, 0, -1)
    if values.ndim == 3 and kind in (0, 1) and samples == 1:
        values = values[0]
    declared = bits if isinstance(bits, int) and bits < values.dtype.itemsize * 8 and values.dtype.kind == "u" else None
    colours = values[..., :3] if kind == 2 else values
    alpha = (
        values[..., 3:]
        if kind == 2 and samples == 4 and page.extrasamples and int(page.extrasamples[0]) in (1, 2)
        else None
    )
    shown = eight_bits(colours, declared)
    shown = 255 - shown if kind == 0 else shown
    if alpha is not None:
        full = np.iinfo(values.dtype).max
        share = alpha.astype(np.float64) / full
        if int(page.extrasamples[0]) == 1:
            shown = (colours / full * 255 + 255 * (1 - share)).clip(0, 255).round().astype(np.uint8)
        else:
            shown = (shown * share + 255 * (1 - share)).round().astype(np.uint8)
    return _rgb(shown)


def _dicom(data: bytes) -> NDArray[np.uint8]:
    import pydicom
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
    from pydicom.pixels.utils import pixel_array

    dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    frames = int(dataset.get("NumberOfFrames") or 1)
    _flatten(dataset, frames // 2)
    kind = str(dataset.PhotometricInterpretation)
    stored = pixel_array(dataset, index=frames // 2)
    if kind == "PALETTE COLOR":
        return _rgb(
            _between(
                apply_color_lut(stored, dataset), 0, 2 ** (8 * apply_color_lut(stored, dataset).dtype.itemsize) - 1
            )
        )
    if not kind.startswith("MONOCHROME"):
        return _rgb(_between(stored, 0, 2.0**dataset.BitsStored - 1))
    values = apply_modality_lut(stored, dataset)
    if "VOILUTSequence" in dataset or dataset.get("WindowWidth"):
        shown = apply_voi_lut(values, dataset)
        low, high = _voi_ends(dataset)
        eight = _between(shown, low, high)
    else:
        bits = int(dataset.BitsStored) if values is stored and dataset.BitsStored < 8 else None
        whole = dataset.get("RescaleSlope") in (None, 1) and dataset.get("RescaleIntercept") in (None, 0)
        eight = eight_bits(stored if whole else values, bits)
    return _rgb(255 - eight if kind == "MONOCHROME1" else eight)


def _flatten(dataset: Any, frame: int) -> None:
    """Window and rescale of a frame's functional groups, where pydicom's functions look for them."""
    groups = [*(dataset.get("SharedFunctionalGroupsSequence") or ())]
    groups += [*(dataset.get("PerFrameFunctionalGroupsSequence") or ())][frame : frame + 1]
    for group in groups:
        for name in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            for inside in group.get(name) or ():
                for element in inside:
                    dataset[element.tag] = element


def _voi_ends(dataset: Any) -> tuple[float, float]:
    """What pydicom's windowing gives at its ends: those of the stored bits, rescaled."""
    bits = int(dataset.BitsStored)
    if "VOILUTSequence" in dataset:
        return 0.0, 2.0 ** int(dataset.VOILUTSequence[0].LUTDescriptor[2]) - 1
    low, high = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if dataset.PixelRepresentation else (0.0, 2.0**bits - 1)
    slope, intercept = float(dataset.get("RescaleSlope") or 1), float(dataset.get("RescaleIntercept") or 0)
    return low * slope + intercept, high * slope + intercept


def _nifti(data: bytes) -> NDArray[np.uint8]:
    import gzip

    import nibabel

    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    two = data[4:7] in (b"n+2", b"ni2")
    volume: Any = (nibabel.Nifti2Image if two else nibabel.Nifti1Image).from_bytes(data)
    canonical = nibabel.as_closest_canonical(volume)
    values = np.asanyarray(canonical.dataobj)
    values = values[
        (
            slice(None),
            slice(None),
            *(size // 2 if axis == 2 else 0 for axis, size in enumerate(values.shape) if axis > 1),
        )
    ]
    low, high = float(volume.header["cal_min"]), float(volume.header["cal_max"])
    upright = values.T[::-1, ::-1]
    return _rgb(_between(upright, low, high) if high > low else eight_bits(upright))


def _heif(data: bytes) -> NDArray[np.uint8]:
    import pi_heif

    pi_heif.register_heif_opener()
    return _pillow(data)


def _jpeg_xl(data: bytes) -> NDArray[np.uint8]:
    import imagecodecs

    return _rgb(eight_bits(imagecodecs.jpegxl_decode(data)))


def _svg(data: bytes) -> NDArray[np.uint8]:
    import resvg_py

    text = data.decode("utf-8")
    drawn = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=text))))
    longer = {"width": 1024} if drawn.width >= drawn.height else {"height": 1024}
    drawn = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=text, **longer))))
    base = Image.new("RGB", drawn.size, "white")
    base.paste(drawn.convert("RGB"), mask=drawn.convert("RGBA").getchannel("A"))
    return np.asarray(base)


def _pdf(data: bytes) -> NDArray[np.uint8]:
    import pypdfium2

    page = pypdfium2.PdfDocument(data)[0]
    longer = max(page.get_size())
    return np.asarray(page.render(scale=min(max(2.0, 1024 / longer), 2048 / longer)).to_pil().convert("RGB"))
