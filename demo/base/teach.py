"""Second step of the base model: bring the frozen towers' features into one space, and say where everything lies in it.

    python -m clipseek.demo.base.teach FEATURES TARGETS

Three pairs of small heads are trained apart on the training pairs, two minutes each; side by side they are one better
pair (mean of their similarities). The 256 directions that carry most of it are kept, so that a student can take the
place of each row.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from clipseek.evaluation import in_batches, whole_gallery
from torch import Tensor, nn
from torch.nn import functional

from .corpus import Corpus
from .distill import contrastive

DIMENSION, BATCH, RATE = 256, 1024, 1e-3


@dataclass(frozen=True)
class Recipe:
    sizes: tuple[int, ...]  # which image features, side by side
    hidden: int
    dropout: float
    noise: float  # standard deviations of the features
    epochs: int


RECIPES = (
    Recipe((128, 192), 2048, 0.5, 0.3, 24),
    Recipe((192,), 2048, 0.6, 0.5, 24),
    Recipe((192,), 4096, 0.6, 0.3, 20),
)


def head(width: int, recipe: Recipe) -> nn.Module:
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, recipe.hidden),
        nn.GELU(),
        nn.Dropout(recipe.dropout),
        nn.Linear(recipe.hidden, DIMENSION),
    )


def picture_rows(corpus: Corpus, name: str, sizes: tuple[int, ...]) -> Tensor:
    """Features (N, 1280 * sizes) float32, each 1280 of one length."""
    parts = [corpus.read(f"{name}_{size}").float() for size in sizes]
    return torch.cat([functional.normalize(part, dim=-1) * 35 for part in parts], 1)


def train_heads(corpus: Corpus, recipe: Recipe, seed: int) -> tuple[nn.Module, nn.Module, float]:
    """The two heads, and the scale that their similarities want."""
    torch.manual_seed(seed)
    pictures, texts, train = picture_rows(corpus, "pictures", recipe.sizes), corpus.texts, corpus.rows("train")
    see, read, scale = head(pictures.shape[1], recipe), head(texts.shape[-1], recipe), nn.Parameter(torch.tensor(2.9))
    optimizer = torch.optim.AdamW(
        [*see.parameters(), *read.parameters(), scale], lr=RATE, weight_decay=0.05, fused=True
    )
    spread = pictures.std(), texts.float().std()
    steps = recipe.epochs * len(train) // BATCH
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 30) * 0.5 * (1 + math.cos(math.pi * step / steps))
        rows = train[torch.randint(len(train), (BATCH,))]
        seen, said = pictures[rows], texts[rows, torch.randint(texts.shape[1], rows.shape)].float()
        with torch.autocast("cpu", torch.bfloat16):
            images = see(seen + recipe.noise * spread[0] * torch.randn_like(seen))
            captions = read(said + recipe.noise * spread[1] * torch.randn_like(said))
        images, captions = (functional.normalize(rows.float(), dim=-1) for rows in (images, captions))
        loss = contrastive(images, captions, corpus.concepts[rows], scale)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return see.eval(), read.eval(), float(scale.detach().exp())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("features", type=Path, help="what features.py wrote")
    parser.add_argument("targets", type=Path, help="the file to write")
    arguments = parser.parse_args()
    corpus = Corpus(arguments.features)
    sides: dict[str, list[Tensor]] = {name: [] for name in ("images", "recoloured", "texts", "phrases")}
    scales = []
    for seed, recipe in enumerate(RECIPES):
        see, read, scale = train_heads(corpus, recipe, seed)
        scales.append(scale)
        with torch.inference_mode():
            sides["images"].append(functional.normalize(see(picture_rows(corpus, "pictures", recipe.sizes)), dim=-1))
            sides["recoloured"].append(
                functional.normalize(see(picture_rows(corpus, "recoloured", recipe.sizes)), dim=-1)
            )
            sides["texts"].append(functional.normalize(read(corpus.texts.float()), dim=-1))
            sides["phrases"].append(functional.normalize(read(corpus.read("phrase_features").float()), dim=-1))
        print(recipe, f"scale {scale:.1f}", flush=True)
    joined = {name: torch.cat(rows, -1) for name, rows in sides.items()}
    train = corpus.rows("train")
    images, texts = joined["images"][train], joined["texts"][train, 0]
    _, directions = torch.linalg.eigh(images.T @ images + texts.T @ texts)
    kept = directions[:, -DIMENSION:]  # eigenvalues ascend
    targets = {name: functional.normalize(rows @ kept, dim=-1) for name, rows in joined.items()}
    for split in ("val", "test"):
        rows = corpus.rows(split, shipped=True)
        held_out = targets["texts"][rows, 0].numpy(), targets["images"][rows].numpy(), corpus.concepts[rows].tolist()
        b64, gallery = in_batches(*held_out).mrr[20], whole_gallery(*held_out).mrr[10]
        print(split, f"b64 MRR@20 {b64:.4f}, gallery MRR@10 {gallery:.4f}", flush=True)
    stored = {name: rows.half() for name, rows in targets.items()}
    torch.save(stored | {"scale": sum(scales) / len(scales)}, arguments.targets)


if __name__ == "__main__":
    main()
