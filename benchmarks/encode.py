"""clipseek's encoder beside transformers on the same CLIP, texts and files: ``python benchmarks/encode.py``.

A random CLIP of ViT-B/32's shapes unless ``--checkpoint`` names another. Both sides take turns in one process. torch runs
with all cores and with one thread, and ratios are to the better of the two: where others use the machine as well, its
threads wait for one another longer than they compute.

Texts of 8 to 20 tokens: ours at their true length, transformers padded to the context as the original tokenizer pads, in
batches of 32; and one query alone. Files: JPEG and PNG from 256 x 256 to 3 megapixels, from bytes to unit vectors;
transformers opens them with Pillow and its own processor. Pictures that are decoded: the model alone, beside torch under bf16
autocast, and beside the roofline: the time that the model's products alone take at the speed of torch's fp32 product of two
matrices of 2,048. fp32 vectors must be equal to 1e-4; what is reduced has its cosine printed. Medians over ``--rounds``.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from checkpoints import make_vit_b32
from inputs import BATCH, SIZES, picture_file, short_texts
from PIL import Image

Encode = Callable[[], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", help="folder of a CLIP")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=64)
    parser.add_argument("--files", type=int, default=32)
    parser.add_argument("--tiny", action="store_true", help="a model of two layers: whether it runs, not how fast")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    from clipseek.encoder import Bundle, ClipEncoder
    from clipseek.export.checkpoint import export_bundle

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        checkpoint = options.checkpoint or str(make_vit_b32(folder / "checkpoint", options.tiny))
        bundles: list[Bundle] = [export_bundle(checkpoint, folder / "fp32")]
        bundles.append(export_bundle(checkpoint, folder / "int8", precision="int8", accept_loss=True))
        encoders = {bundle.precision: ClipEncoder(bundle, device="cpu", batch_size=BATCH) for bundle in bundles}
        theirs = Transformers(checkpoint)
        texts = short_texts(options.texts)
        files = [picture_file(SIZES[number % len(SIZES)], number) for number in range(options.files)]
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {checkpoint}")
        compare_texts(f"{len(texts)} texts of 8 to 20 tokens", theirs, encoders, texts, options.rounds)
        compare_pictures(theirs, encoders, files, options.rounds)
        compare_texts(
            "one query of 9 tokens", theirs, encoders, ["a small red house by blue water"], 7 * options.rounds
        )
        compare_files(theirs, encoders, files, options.rounds)


class Transformers:
    """The checkpoint as transformers runs it, in batches of BATCH."""

    def __init__(self, checkpoint: str) -> None:
        from transformers import CLIPModel, CLIPProcessor

        self.model: Any = CLIPModel.from_pretrained(checkpoint).eval()
        self.processor: Any = CLIPProcessor.from_pretrained(checkpoint)

    def texts(self, given: list[str]) -> np.ndarray:
        import torch

        rows = []
        with torch.no_grad():
            for start in range(0, len(given), BATCH):
                part = given[start : start + BATCH]
                tokens = self.processor(text=part, padding="max_length", truncation=True, return_tensors="pt")
                rows.append(torch.nn.functional.normalize(self.model.get_text_features(**tokens), dim=-1))
        return torch.cat(rows).numpy()

    def files(self, files: list[bytes]) -> np.ndarray:
        rows = []
        for start in range(0, len(files), BATCH):
            opened = [Image.open(io.BytesIO(data)).convert("RGB") for data in files[start : start + BATCH]]
            rows.append(self.pixels(self.processor(images=opened, return_tensors="pt")["pixel_values"], False))
        return np.concatenate(rows)

    def pixels(self, pixels: Any, bf16: bool) -> np.ndarray:
        """(N, D) unit rows of (N, 3, S, S) normalised pixels."""
        import torch

        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            rows = self.model.get_image_features(pixel_values=pixels)
        return np.asarray(torch.nn.functional.normalize(rows.float(), dim=-1).numpy())


def by_threads(encode: Encode) -> dict[str, Encode]:
    """transformers' ``encode`` with one thread, and with all."""
    import torch

    def run(threads: int) -> np.ndarray:
        torch.set_num_threads(threads)
        return encode()

    counts = sorted({1, os.cpu_count() or 1})
    return {f"transformers, {count} thread{'s' * (count > 1)}": lambda c=count: run(c) for count in counts}


def compare_texts(title: str, theirs: Transformers, encoders: dict[str, Any], texts: list[str], rounds: int) -> None:
    ours = {f"clipseek {name}": lambda e=encoder: e.encode_texts(texts) for name, encoder in encoders.items()}
    _compare(title, by_threads(lambda: theirs.texts(texts)) | ours, rounds, len(texts))


def compare_pictures(theirs: Transformers, encoders: dict[str, Any], files: list[bytes], rounds: int) -> None:
    """Decoded pictures, torch under bf16 autocast and the roofline beside them."""
    import torch
    from clipseek.encoder.run.preprocess import normalize

    pictures = [encoders["fp32"].load_picture(data) for data in (files * BATCH)[:BATCH]]
    spec = encoders["fp32"].bundle.image
    pixels = torch.from_numpy(np.stack([normalize(picture.pixels, spec) for picture in pictures]))
    ours = {f"clipseek {name}": lambda e=encoder: e.encode_pictures(pictures) for name, encoder in encoders.items()}
    all_threads = by_threads(lambda: theirs.pixels(pixels, True)).popitem()[1]
    ways = by_threads(lambda: theirs.pixels(pixels, False)) | {"torch bf16 autocast": all_threads} | ours
    middle = _compare(f"{BATCH} decoded pictures", ways, 3 * rounds, BATCH)
    products, speed = BATCH * _products(theirs.model.config), _product_speed(torch)
    share = products / speed / middle["clipseek fp32"]
    gain = middle["torch bf16 autocast"] / middle["clipseek int8"]
    print(f"roofline: {products / 1e9:.0f} GFLOP at {speed / 1e9:.0f} GFLOP/s take {1000 * products / speed:.0f} ms")
    print(f"clipseek fp32 reaches {share:.2f} of it; clipseek int8 is {gain:.2f} x torch under bf16 autocast")


def compare_files(theirs: Transformers, encoders: dict[str, Any], files: list[bytes], rounds: int) -> None:
    """From bytes to vectors, and what each stage of ours takes of it."""
    for encoder in encoders.values():
        encoder.stages.reset()
    spent = dict.fromkeys(encoders, 0.0)

    def ours(encoder: Any) -> np.ndarray:
        with ThreadPoolExecutor(2) as pool:
            coming = [pool.submit(encoder.load_picture, data) for data in files]
            batches = [coming[start : start + BATCH] for start in range(0, len(coming), BATCH)]
            return np.concatenate([encoder.encode_pictures([each.result() for each in batch]) for batch in batches])

    def counted(name: str) -> np.ndarray:
        began = time.process_time()
        rows = ours(encoders[name])
        spent[name] += time.process_time() - began
        return rows

    ways = by_threads(lambda: theirs.files(files)) | {
        f"clipseek {name}": lambda n=name: counted(n) for name in encoders
    }
    middle = _compare(f"{len(files)} files of 0.07 to 3 megapixels", ways, rounds, len(files))
    cores, runs = os.cpu_count() or 1, (rounds + 1) * len(files)
    for name, encoder in encoders.items():
        stages = encoder.stages.snapshot().items()
        each = {stage: 1000 * took.seconds / runs for stage, took in stages if took.calls}
        print(f"clipseek {name}, ms a file: " + ", ".join(f"{stage} {ms:.1f}" for stage, ms in each.items()))
        # Decoding goes on two threads, the device's lanes on theirs; all share the cores.
        wall = 1000 * middle[f"clipseek {name}"] / len(files)
        lanes = cores if name == "int8" else 1  # as ClipEncoder has them
        slowest = max(each["device"] / lanes, (each["decode"] + each["preprocess"]) / min(2, cores))
        share = 1000 * spent[name] / runs / cores
        print(
            f"clipseek {name}: {wall:.1f} ms of wall time a file; the slowest stage by itself {slowest:.1f}, all CPU time over "
            f"{cores} cores {share:.1f}: {wall / max(slowest, share):.2f} x the larger"
        )


def _products(config: Any) -> float:
    """Floating-point operations of one picture's matrix products."""
    vision = config.vision_config
    patches = (vision.image_size // vision.patch_size) ** 2
    tokens, width = patches + 1, vision.hidden_size
    layer = tokens * (4 * width * width + 2 * width * vision.intermediate_size) + 2 * tokens * tokens * width
    first, last = patches * 3 * vision.patch_size**2 * width, width * config.projection_dim
    return 2.0 * (first + vision.num_hidden_layers * layer + last)


def _product_speed(torch: Any) -> float:
    """Operations a second of torch's fp32 matrix product, all cores."""
    torch.set_num_threads(os.cpu_count() or 1)
    one = torch.rand(2048, 2048)
    times = []
    for _ in range(12):
        started = time.perf_counter()
        one @ one
        times.append(time.perf_counter() - started)
    return float(2 * 2048**3 / min(times))


def _compare(title: str, ways: dict[str, Encode], rounds: int, count: int) -> dict[str, float]:
    """Time the ways in turn, assert that their vectors are equal, print times and ratios to the best of transformers.

    Returns each way's median, in seconds.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    rows: dict[str, np.ndarray] = {}
    for turn in range(rounds + 1):
        for name, encode in ways.items():
            started = time.perf_counter()
            rows[name] = encode()
            if turn:  # the first finds its memory
                times[name].append(time.perf_counter() - started)
    first = next(iter(ways))
    base = min(statistics.median(each) for name, each in times.items() if name.startswith("transformers"))
    for name, each in times.items():
        middle = statistics.median(each)
        apart, cosine = np.abs(rows[name] - rows[first]).max(), (rows[name] * rows[first]).sum(1).min()
        assert "int8" in name or "bf16" in name or apart < 1e-4, f"{name} differs by {apart}"
        print(
            f"{title:34}  {name:23}  {count / middle:8.1f}/s  {1000 * middle / count:8.2f} ms each  {base / middle:5.2f} x"
            f"  largest difference {apart:.1e}, lowest cosine {cosine:.5f}",
            flush=True,
        )
    return {name: statistics.median(each) for name, each in times.items()}


if __name__ == "__main__":
    main()
