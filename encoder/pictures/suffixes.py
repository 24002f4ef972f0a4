"""What is taken for a picture by its name, in one place for every source. Whether it can be decoded is said by what it holds."""

from __future__ import annotations

#: Endings by the name of their format: Pillow's, or that of its reader.
SUFFIXES: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".mpo",),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp", ".dib"),
    "AVIF": (".avif", ".avifs"),
    "JPEG2000": (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
    "ICO": (".ico",),
    "CUR": (".cur",),
    "ICNS": (".icns",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "PSD": (".psd",),
    "QOI": (".qoi",),
    "PCX": (".pcx",),
    "DCX": (".dcx",),
    "TGA": (".tga", ".icb", ".vda", ".vst"),
    "DDS": (".dds",),
    "SGI": (".sgi", ".bw", ".rgb", ".rgba"),
    "HEIF": (".heic", ".heif"),
}
IMAGE_SUFFIXES = frozenset(suffix for group in SUFFIXES.values() for suffix in group)
