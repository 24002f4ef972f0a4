"""First step of the base model: what two frozen, pretrained towers make of the general corpus.

    python -m clipseek.demo.base.features CORPUS PRETRAINED OUT --shipped demo/data/general.jsonl.xz

``CORPUS`` is a jsonl.xz of SVG drawings with captions (``clipseek.demo.corpus.build --general``); ``PRETRAINED`` is the
folder that pack_teachers.py writes. Each array is a file of its own in ``OUT``, and one that is there is not made
again. About 20 minutes on two cores for 33,000 drawings.
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
import random
from collections.abc import Callable
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import resvg_py
import torch
from clipseek.files.whole import whole_file
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from .pretrained import Pretrained
from .tokens import Tokens
from .views import caption_variants, recolour

READINGS, COMBINATIONS = 4, 60_000
SIZES = (128, 192)  # pixels: drawings are made at the first; the pretrained tower sees more at the second
WIDTH = 40  # tokens


def write_pairs(corpus: Path, shipped: Path, out: Path) -> None:
    """pairs.json and pictures.npy: captions with three more readings of each, and the drawings of all that draw."""
    with lzma.open(shipped, "rt", encoding="utf-8") as file:
        ids = {json.loads(line)["id"] for line in file}
    with lzma.open(corpus, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    rng = random.Random(0)
    with Pool() as pool:
        drawn = pool.map(_drawn, [row.pop("svg") for row in rows], chunksize=64)
    kept = [(row, picture) for row, picture in zip(rows, drawn, strict=True) if picture is not None]
    for row, _ in kept:
        row |= {"shipped": row["id"] in ids, "readings": caption_variants(row["caption"], READINGS, rng)}
    np.save(out / "pictures.npy", np.stack([picture for _, picture in kept]).transpose(0, 3, 1, 2))
    (out / "pairs.json").write_text(json.dumps([row for row, _ in kept]), "utf-8")


def _drawn(svg: str) -> NDArray[np.uint8] | None:
    """The drawing on white, centred, square, of the first of SIZES; None when it cannot be drawn."""
    side = SIZES[0]
    try:
        png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side))
        drawn = Image.open(io.BytesIO(png)).convert("RGBA")
    except (ValueError, OSError):
        return None
    drawn.thumbnail((side, side), Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (side, side), "white")
    canvas.paste(drawn, ((side - drawn.width) // 2, (side - drawn.height) // 2), drawn)
    return np.asarray(canvas)


def phrases_of(pairs: list[dict[str, str]], words: list[str]) -> list[str]:
    """Words, tags, and chance combinations of both; none that is the title of a held-out pair."""
    held = {name_key(row["caption"].partition(": ")[0]) for row in pairs if row["split"] != "train"}
    train = [row["caption"] for row in pairs if row["split"] == "train"]
    tags = sorted({tag for caption in train for tag in caption.partition(": ")[2].split(", ") if tag})
    titles = sorted({caption.partition(": ")[0].lower() for caption in train})
    rng = random.Random(0)
    pools = (tags, titles, words)
    combined = {
        " ".join(rng.choice(rng.choice(pools)) for _ in range(rng.choice((2, 2, 3)))) for _ in range(COMBINATIONS)
    }
    return sorted(phrase for phrase in {*words, *tags, *combined} if name_key(phrase) not in held)


def name_key(text: str) -> str:
    return " ".join(sorted(text.lower().split()))


@torch.inference_mode()
def image_features(towers: Pretrained, pictures: NDArray[np.uint8], size: int) -> NDArray[np.float16]:
    """(N, 3, 128, 128) uint8 -> (N, 1280) float16 at ``size`` pixels."""
    parts = []
    for first in range(0, len(pictures), 128):
        pixels = torch.from_numpy(pictures[first : first + 128].copy()).float() / 255
        if size != pixels.shape[-1]:
            pixels = functional.interpolate(pixels, (size, size), mode="bicubic").clamp(0, 1)
        with torch.autocast("cpu", torch.bfloat16):
            parts.append(towers.image(pixels.contiguous(memory_format=torch.channels_last)).half().numpy())
    return np.concatenate(parts)


@torch.inference_mode()
def text_features(towers: Pretrained, tokenizer: Tokenizer, texts: list[str]) -> NDArray[np.float16]:
    """(N, 384) float16."""
    tokens = Tokens(tokenizer, texts, WIDTH, 0)
    rows: Tensor = torch.empty(len(texts), 384, dtype=torch.float16)
    for chosen in torch.argsort(tokens.lengths).split(512):
        with torch.autocast("cpu", torch.bfloat16):
            rows[chosen] = towers.text(*tokens.take(chosen)).half()
    return rows.numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("corpus", "pretrained", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--shipped", type=Path, required=True, help="the part of the corpus that scores count")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    if not (out / "pairs.json").exists():
        write_pairs(arguments.corpus, arguments.shipped, out)
    pairs = json.loads((out / "pairs.json").read_text("utf-8"))
    tokenizer = Tokenizer.from_file(str(arguments.pretrained / "tokenizer.json"))
    tokenizer.no_padding()
    if not (out / "phrases.json").exists():
        words = sorted(word for word in tokenizer.get_vocab() if word.isalpha() and len(word) > 2)
        (out / "phrases.json").write_text(json.dumps(phrases_of(pairs, words)), "utf-8")
    phrases = json.loads((out / "phrases.json").read_text("utf-8"))
    towers = Pretrained(arguments.pretrained)

    def make(name: str, compute: Callable[[], NDArray[np.generic]]) -> None:
        if not (out / f"{name}.npy").exists():
            with whole_file(out / f"{name}.npy") as part:
                np.save(part, compute())
        print(name, flush=True)

    def stored(name: str) -> NDArray[np.uint8]:
        array: NDArray[np.uint8] = np.load(out / f"{name}.npy", mmap_mode="r")
        return array

    train = [index for index, row in enumerate(pairs) if row["split"] == "train"]
    make("recoloured", lambda: recolour(torch.from_numpy(stored("pictures")[train])).numpy())
    make("text_features", lambda: text_features(towers, tokenizer, [t for row in pairs for t in row["readings"]]))
    make("phrase_features", lambda: text_features(towers, tokenizer, phrases))
    for name in ("pictures", "recoloured"):
        for size in SIZES:
            make(f"{name}_{size}", lambda name=name, size=size: image_features(towers, stored(name), size))  # type: ignore[misc]


if __name__ == "__main__":
    main()
