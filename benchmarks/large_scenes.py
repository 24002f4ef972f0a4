"""Large scenes of each kind, read for a model: memory and time, beside a decoding of the whole file.

Each file is made, then read in a fresh process, first whole by its own library, then by clipseek for a model of 224 pixels; last
one tile is cut out of it. MB: the greatest resident memory above that before, the file's bytes included, of this process and of
the worker that decodes (10^6 bytes). ``share``: seconds of ours by those of the whole. Needs Linux. ``--small``: 4,200 pixels.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

EDGE, TILE = 224, 512
DEFLATED = {"compression": "zlib", "compressionargs": {"level": 1}}


def scene(side: int, bands: int, kind: str) -> NDArray[Any]:
    """(side, side, bands): fields of even colours under a grain; most of the range of ``kind`` is in use."""
    small = np.random.default_rng(3).random((side // 40 + 1, side // 40 + 1, bands))
    dtype = np.dtype(kind)
    most = 1.0 if dtype.kind == "f" else min(4095, np.iinfo(dtype).max)
    values = (small * most).astype(dtype).repeat(40, 0)[:side].repeat(40, 1)[:, :side]
    if bands < 5:  # which would be more than a file may have
        grain = np.random.default_rng(4).integers(0, 8, (side, side // 8 + 1), np.uint8).repeat(8, 1)[:, :side, None]
        whole = dtype.kind != "f"
        values = np.minimum(values, most - 8) if whole else np.floor(values * 255) / 256
        values = values.astype(dtype) + (grain if whole else grain / 2048).astype(dtype)
    return values[..., 0] if bands == 1 else values


def tiff(path: Path, values: NDArray[Any], **options: Any) -> None:
    import tifffile

    photometric = "rgb" if values.ndim == 3 and values.shape[-1] == 3 else "minisblack"
    tifffile.imwrite(path, values, **{"photometric": photometric, "metadata": None, **(DEFLATED | options)})


def pyramid(path: Path, values: NDArray[Any]) -> None:
    import tifffile

    tiled: dict[str, Any] = {"photometric": "rgb", "tile": (256, 256), "metadata": None, **DEFLATED}
    with tifffile.TiffWriter(path) as file:
        file.write(values, **tiled)
        while min(values.shape[:2]) > 512:
            values = values[::2, ::2]
            file.write(values, subfiletype=1, **tiled)


def picture(path: Path, values: NDArray[Any], **options: Any) -> None:
    from PIL import Image

    Image.fromarray(values).save(path, **options)


def png16(path: Path, values: NDArray[Any]) -> None:
    import imagecodecs

    path.write_bytes(imagecodecs.png_encode(values, level=1))


def interlaced(path: Path, values: NDArray[Any]) -> None:
    """Adam7, ISO/IEC 15948, 8.2; each pass without filters."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    packed = zlib.compressobj(1)
    parts = []
    for left, top, across, down in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        rows = values[top::down, left::across]
        lines = np.zeros((rows.shape[0], 1 + rows.shape[1] * 3), np.uint8)
        lines[:, 1:] = rows.reshape(len(rows), -1)
        parts.append(packed.compress(lines.tobytes()))
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 8, 2, 0, 0, 1)
    parts.append(packed.flush())
    data = chunk(b"IHDR", head) + chunk(b"IDAT", b"".join(parts)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def jpeg_xl(path: Path, values: NDArray[Any]) -> None:
    import imagecodecs

    path.write_bytes(imagecodecs.jpegxl_encode(values, effort=1, distance=1.0))


def jpeg2000(path: Path, values: NDArray[Any]) -> None:
    import imagecodecs

    path.write_bytes(imagecodecs.jpeg2k_encode(values, level=40, reversible=False))


def heif(path: Path, values: NDArray[Any]) -> None:
    """In tiles, as phones write it. By pillow-heif, which is no part of the project: its wheel has an encoder under the GPL."""
    import pillow_heif

    made = pillow_heif.from_bytes("RGB", (values.shape[1], values.shape[0]), values.tobytes())
    made.save(path, quality=60, enc_params={"preset": "ultrafast"}, tile_size=512)


#: By name: the file's ending, bands, kind of values, what writes it.
KINDS: dict[str, tuple[str, int, str, Callable[..., None]]] = {
    "JPEG": ("jpg", 3, "u1", lambda path, values: picture(path, values, quality=90)),
    "TIFF with overviews": ("tif", 3, "u1", pyramid),
    "PNG, 8 bits": ("png", 3, "u1", lambda path, values: picture(path, values, compress_level=1)),
    "PNG, 16 bits, grey": ("png", 1, "u2", png16),
    "PNG, 16 bits, RGB": ("png", 3, "u2", png16),
    "TIFF, strips, 8 bits, LZW": ("tif", 3, "u1", lambda path, values: picture(path, values, compression="tiff_lzw")),
    "TIFF, tiles, 8 bits, JPEG": (
        "tif",
        3,
        "u1",
        lambda path, values: tiff(path, values, tile=(512, 512), compression="jpeg", compressionargs={"level": 90}),
    ),
    "TIFF, one strip, 16 bits": (
        "tif",
        1,
        "u2",
        lambda path, values: tiff(path, values, compression=None, compressionargs=None),
    ),
    "TIFF, one strip, 16 bits, deflated": (
        "tif",
        3,
        "u2",
        lambda path, values: tiff(path, values, rowsperstrip=len(values)),
    ),
    "TIFF, tiles, 16 bits, RGB": (
        "tif",
        3,
        "u2",
        lambda path, values: tiff(path, values, tile=(512, 512), predictor=True),
    ),
    "TIFF, tiles, 32-bit floats": (
        "tif",
        1,
        "f4",
        lambda path, values: tiff(path, values, tile=(256, 256), predictor=3),
    ),
    "TIFF, 5 bands of 16 bits": (
        "tif",
        5,
        "u2",
        lambda path, values: tiff(path, values, tile=(256, 256), planarconfig="contig"),
    ),
    "JPEG 2000": ("jp2", 3, "u1", jpeg2000),
    "HEIF": ("heic", 3, "u1", heif),
    "PNG, interlaced": ("png", 3, "u1", interlaced),
    "JPEG, progressive": ("jpg", 3, "u1", lambda path, values: picture(path, values, quality=90, progressive=True)),
    "WebP": ("webp", 3, "u1", lambda path, values: picture(path, values, method=0)),
    "GIF": ("gif", 1, "u1", picture),
    "JPEG XL": ("jxl", 3, "u1", jpeg_xl),
    "AVIF": ("avif", 3, "u1", lambda path, values: picture(path, values, speed=10)),
}
SMALL = ("JPEG", "TIFF with overviews", "TIFF, tiles, 16 bits, RGB", "PNG, 16 bits, grey", "WebP")


def whole(data: bytes, name: str) -> None:
    """All of the file by its own library."""
    import io

    if name.startswith("TIFF"):
        import tifffile

        with tifffile.TiffFile(io.BytesIO(data)) as file:
            file.pages[0].asarray(maxworkers=1)  # type: ignore[union-attr]
    elif name == "HEIF":
        import pi_heif

        pi_heif.open_heif(io.BytesIO(data))[0].load()
    elif name == "JPEG XL":
        import imagecodecs

        imagecodecs.jpegxl_decode(data, numthreads=1)
    else:
        from PIL import Image

        with Image.open(io.BytesIO(data)) as picture:
            picture.load()


def processes() -> list[Path]:
    """``/proc`` of this process and of those that it started."""
    own = os.getpid()
    children = [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]
    return [Path(f"/proc/{pid}") for pid in (own, *children)]


def resident(process: Path, name: str) -> float:
    lines = (process / "status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(name)), 0.0)


def measured(work: Callable[[], Any]) -> tuple[float, list[float]]:
    """Seconds, and the greatest MB of each process above what it had before."""
    there = processes()
    before = [resident(process, "VmRSS") for process in there]
    for process in there:
        (process / "clear_refs").write_text("5")
    began = time.perf_counter()
    kept = work()
    seconds = time.perf_counter() - began
    del kept
    return seconds, [resident(process, "VmHWM") - rss for process, rss in zip(there, before, strict=True)]


def read(path: Path, small: Path, name: str, part: str) -> dict[str, Any]:
    """What one process measures; ``part``: whole, fraction or tile."""
    from clipseek.encoder.pictures.crop import Crop
    from clipseek.encoder.pictures.images import open_picture
    from clipseek.encoder.pictures.rules import Rules

    rules = Rules(bands=(4, 3, 2) if "bands" in name else ())
    tile = Crop(1024, 1024, TILE, TILE)
    data, grey = small.read_bytes(), Path(small.parent, "worker.tif")
    picture(grey, np.zeros((9, 9), np.uint8))
    open_picture(grey.read_bytes(), rules)  # what is decoded apart is measured, too
    if part == "whole":
        whole(data, name)
        seconds, peaks = measured(lambda: whole(path.read_bytes(), name))
        return {"seconds": seconds, "peaks": peaks}
    crop = None if part == "fraction" else tile
    open_picture(data, rules, edge=EDGE, crop=crop)  # imports, and the worker
    shown: list[Any] = []
    seconds, peaks = measured(lambda: shown.append(open_picture(path.read_bytes(), rules, edge=EDGE, crop=crop)))
    return {"seconds": seconds, "peaks": peaks, "size": shown[0].picture.size}


def line(name: str, side: int, folder: Path) -> str:
    ending, bands, kind, write = KINDS[name]
    path, small = folder / f"scene.{ending}", folder / f"small.{ending}"
    write(small, scene(1_600, bands, kind)) if not small.exists() else None
    write(path, scene(side, bands, kind))
    found = {}
    for part in ("whole", "fraction", "tile"):
        command = [sys.executable, __file__, "--read", name, str(path), str(small), part]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name}, {part}: {done.stderr}")
        found[part] = json.loads(done.stdout)
    size = path.stat().st_size / 1e6
    path.unlink()
    small.unlink()
    ours, all_of_it = found["fraction"], found["whole"]
    mb = {part: " + ".join(f"{peak:.0f}" for peak in found[part]["peaks"]) for part in found}
    share = ours["seconds"] / all_of_it["seconds"]
    read_at = " x ".join(map(str, ours["size"]))
    return (
        f"| {name} | {size:.0f} | {all_of_it['seconds']:.2f} | {mb['whole']} | {ours['seconds']:.2f} | {share:.3f} | "
        f"{mb['fraction']} | {read_at} | {found['tile']['seconds']:.2f} | {mb['tile']} |"
    )


HEAD = (
    "| kind | file, MB | whole, s | MB | ours, s | share | MB | read at | tile, s | MB |",
    "|" + " --- |" * 10,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=10_000)
    parser.add_argument("--small", action="store_true", help="few kinds, 4,200 pixels")
    parser.add_argument("--only", metavar="TEXT", default="", help="kinds whose name has TEXT")
    parser.add_argument("--read", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        name, path, small, part = options.read
        print(json.dumps(read(Path(path), Path(small), name, part)))
        return
    print(f"load of the machine: {os.getloadavg()[0]:.1f}", *HEAD, sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in SMALL if options.small else KINDS:
            if name == "HEIF" and importlib.util.find_spec("pillow_heif") is None:
                print("HEIF is left out: pip install pillow-heif, which writes it", file=sys.stderr)
            elif options.only in name:
                print(line(name, 4_200 if options.small else options.side, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
