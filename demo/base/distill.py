"""Third step of the base model: teach a small ``CLIPModel`` to see and read as the teachers do.

    python -m clipseek.demo.base.distill FEATURES TARGETS OUT --seconds 5400

Both towers learn apart and together: each picture, caption and phrase should land where the teachers put it (cosine),
should rank a bank of the teachers' captions or pictures as they do (KL divergence), and pictures should find their own
captions among the student's (contrastive). An average of the weights over the last thousand steps is what is kept.
A checkpoint is written at every look; the same command goes on from it, and a larger ``--seconds`` stretches the run.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from clipseek.evaluation import in_batches, whole_gallery
from clipseek.files.whole import whole_file
from clipseek.training.model.towers import project, towers_of
from torch import Tensor
from torch.nn import functional

from .corpus import Corpus
from .student import CONTEXT, IMAGE_SIZE, MEAN, STD, clip_tokenizer, new_student
from .tokens import Tokens
from .views import clean_views, random_views

if TYPE_CHECKING:
    from transformers import CLIPModel

BATCH, CLEAN, BANK = 256, 192, 4096  # of BATCH pictures, CLEAN are as they are, the rest are recoloured
# Texts of a step. Reading is learned long before seeing (half-way, the student's texts with the teachers' pictures score
# .68 where its pictures with the teachers' texts score .56), so most of the time goes to pictures.
CAPTIONS, PHRASES = 96, 48
LOOKS, WARM_UP = 20, 300
HARD, SOFT, NEAR = 0.5, 1.0, 2.0  # weights of the three losses
PRECISION = "bf16"


class Student:
    """The model in training, its average, and the optimizer."""

    def __init__(self, rate: float) -> None:
        self.model: CLIPModel = new_student()
        self.average: CLIPModel = copy.deepcopy(self.model).requires_grad_(False)
        self.rate, self.step, self.seconds = rate, 0, 0.0
        groups = [
            {"params": [p for p in self.model.parameters() if p.ndim > 1], "weight_decay": 0.1},
            {"params": [p for p in self.model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)

    def update(self, loss: Tensor, share: float) -> None:
        """One step; ``share`` (0..1) of the run is over."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * min(1, (self.step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * share))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        keep = min(0.999, self.step / (self.step + 50))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1 - keep)

    def save(self, folder: Path) -> None:
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        with whole_file(folder / "state.pt") as part:
            torch.save(state, part)
        copy.deepcopy(self.average).half().save_pretrained(folder)

    def load(self, folder: Path) -> None:
        state = torch.load(folder / "state.pt", weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]


def see(model: CLIPModel, views: Tensor) -> Tensor:
    """(N, 3, S, S) float in 0..1 -> (N, 256) unit rows."""
    return project(towers_of(model, MEAN, STD).pool_pixels(views, PRECISION), model.visual_projection)


def read(model: CLIPModel, batches: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Token ids of texts, in batches with the rows that they fill -> unit rows (N, 256)."""
    towers = towers_of(model, MEAN, STD)
    every = [{"input_ids": ids, "attention_mask": torch.ones_like(ids)} for _, ids in batches]  # of one length each
    vectors = project(torch.cat([towers.pool_tokens(tokens, PRECISION) for tokens in every]), model.text_projection)
    order = torch.cat([rows for rows, _ in batches])
    return torch.empty_like(vectors).index_copy(0, order, vectors)


def agree(student: Tensor, teacher: Tensor, bank: Tensor, scale: float) -> Tensor:
    """KL divergence of the student's ranking of ``bank`` (M, 256) from the teacher's, both (N, 256)."""
    ours, theirs = (scale * rows @ bank.T for rows in (student, teacher))
    return functional.kl_div(ours.log_softmax(1), theirs.log_softmax(1), reduction="batchmean", log_target=True)


def contrastive(images: Tensor, texts: Tensor, concepts: Tensor, scale: Tensor) -> Tensor:
    """Symmetric cross-entropy; every pair of an equal concept is a positive."""
    logits = scale.exp().clamp(max=100) * images @ texts.T
    same = (concepts[:, None] == concepts[None]).float()
    target = same / same.sum(1, keepdim=True)
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


class Lesson:
    """Everything a step reads: pictures, token ids and the teachers' rows."""

    def __init__(self, corpus: Corpus, targets: Path) -> None:
        self.corpus = corpus
        rows = torch.load(targets, weights_only=True)
        self.images, self.texts, self.phrases, self.recoloured = (
            rows[name].float() for name in ("images", "texts", "phrases", "recoloured")
        )
        self.scale = float(rows["scale"])
        tokenizer = clip_tokenizer()
        end = tokenizer.token_to_id("<|endoftext|>")
        self.readings = corpus.texts.shape[1]
        strings = [text for readings in corpus.readings for text in readings] + corpus.phrases
        self.tokens = Tokens(tokenizer, strings, CONTEXT, end, end)
        self.first_phrase = len(corpus.readings) * self.readings
        self.train = corpus.rows("train")

    def loss(self, model: CLIPModel) -> dict[str, Tensor]:
        """The three losses of one random batch."""
        train, corpus = self.train, self.corpus
        rows = train[torch.randint(len(train), (CLEAN,))]
        others = torch.randint(len(self.recoloured), (BATCH - CLEAN,))
        pictures = torch.cat([corpus.pictures[rows], corpus.recoloured[others]])
        seen = torch.cat([self.images[rows], self.recoloured[others]])
        shown = rows[:CAPTIONS]
        reading = torch.randint(self.readings, shown.shape)
        phrases = torch.randint(len(self.phrases), (PHRASES,))
        said = torch.cat([self.texts[shown, reading], self.phrases[phrases]])
        ids = torch.cat([shown * self.readings + reading, self.first_phrase + phrases])
        images = see(model, random_views(pictures, IMAGE_SIZE))
        texts = read(model, self.tokens.batches(ids, 3))
        bank = train[torch.randint(len(train), (BANK,))]
        texts_bank, images_bank = self.texts[bank, torch.randint(self.readings, bank.shape)], self.images[bank]
        hard = contrastive(images[:CAPTIONS], texts[:CAPTIONS], corpus.concepts[shown], model.logit_scale)
        soft = agree(images, seen, texts_bank, self.scale) + agree(texts, said, images_bank, self.scale)
        near = 2 - (images * seen).sum(1).mean() - (texts * said).sum(1).mean()
        return {"hard": hard, "soft": soft, "near": near}

    @torch.no_grad()
    def score(self, model: CLIPModel, split: str) -> dict[str, float]:
        """MRR of held-out captions over held-out pictures, of the pairs that the repository ships."""
        rows = self.corpus.rows(split, shipped=True)
        images = torch.cat(
            [see(model, clean_views(self.corpus.pictures[part], IMAGE_SIZE)) for part in rows.split(256)]
        )
        texts = torch.cat([read(model, self.tokens.batches(part * self.readings, 1)) for part in rows.split(256)])
        concepts = self.corpus.concepts[rows]
        sides = texts.numpy(), images.numpy(), concepts.tolist()
        b64, gallery = in_batches(*sides).mrr[20], whole_gallery(*sides).mrr[10]
        return {f"{split}_b64_mrr20": round(b64, 4), f"{split}_gallery_mrr10": round(gallery, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("features", type=Path, help="what features.py wrote")
    parser.add_argument("targets", type=Path, help="what teach.py wrote")
    parser.add_argument("out", type=Path, help="folder for the model, its state and the log")
    parser.add_argument("--seconds", type=float, default=5400)
    parser.add_argument("--lr", type=float, default=1e-3)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    arguments.out.mkdir(parents=True, exist_ok=True)
    lesson = Lesson(Corpus(arguments.features), arguments.targets)
    student = Student(arguments.lr)
    if (arguments.out / "state.pt").exists():
        student.load(arguments.out)
        torch.manual_seed(student.step)
    started = time.time() - student.seconds
    next_look = student.seconds + arguments.seconds / LOOKS
    recent: list[list[float]] = []
    while student.seconds < arguments.seconds:
        losses = lesson.loss(student.model)
        total = HARD * losses["hard"] + SOFT * losses["soft"] + NEAR * losses["near"]
        student.update(total, student.seconds / arguments.seconds)
        student.seconds = time.time() - started
        recent.append([float(value.detach()) for value in losses.values()])
        if student.seconds >= min(next_look, arguments.seconds):
            next_look += arguments.seconds / LOOKS
            student.save(arguments.out)
            row: dict[str, object] = {"step": student.step, "seconds": round(student.seconds)}
            row |= dict(zip(losses, (round(float(v), 4) for v in np.mean(recent, 0)), strict=True))
            row |= lesson.score(student.average, "val")
            if student.seconds >= arguments.seconds:
                row |= lesson.score(student.average, "test")
            recent.clear()
            print(json.dumps(row), flush=True)
            with (arguments.out / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
