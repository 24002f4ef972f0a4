"""Make the demo's base model: fine-tune the teachers on the general pairs, then distil them into a small ``CLIPModel``.

    python -m clipseek.demo.base.distill --pairs FOLDER --teachers FOLDER --out OUT

``--pairs`` holds pictures.npy (N, 128, 128, 3) uint8 and pairs.json (caption, concept, split, set of each row), as
render_pairs.py writes them. Only rows of split "train" are learned from; "val" chooses among checkpoints; "test" is
reported. Needs a GPU to be quick.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from .student import IMAGE_SIZE, MEAN, STD, new_student, write_tokenizer
from .teachers import TEACHER_SIZE, Teachers
from .views import caption_variants, clean_views, random_views

VARIANTS = 4


@dataclass
class Pairs:
    """The rows of one split, on the device."""

    pictures: Tensor  # (N, 3, 128, 128) uint8
    concepts: Tensor  # (N,) int64
    sets: list[str]
    captions: list[list[str]]  # VARIANTS readings of each caption; the first is the caption itself

    def __len__(self) -> int:
        return len(self.concepts)


def load_pairs(folder: Path, device: torch.device, seed: int) -> dict[str, Pairs]:
    pictures = torch.from_numpy(np.load(folder / "pictures.npy")).permute(0, 3, 1, 2)
    rows = json.loads((folder / "pairs.json").read_text("utf-8"))
    numbers: dict[str, int] = {}
    concepts = torch.tensor([numbers.setdefault(row["concept"], len(numbers)) for row in rows])
    rng = random.Random(seed)
    splits = {}
    for split in ("train", "val", "test"):
        index = [i for i, row in enumerate(rows) if row["split"] == split]
        splits[split] = Pairs(
            pictures[index].contiguous().to(device),
            concepts[index].to(device),
            [rows[i]["set"] for i in index],
            [caption_variants(rows[i]["caption"], VARIANTS if split == "train" else 2, rng) for i in index],
        )
    return splits


class Tokens:
    """Token ids of many texts, padded to one width, on the device."""

    def __init__(
        self, tokenizer: Tokenizer, texts: list[str], width: int, pad: int, device: torch.device, end: int | None = None
    ) -> None:
        tokenizer.enable_truncation(width)
        encoded = [e.ids for e in tokenizer.encode_batch(texts)]
        if end is not None:
            encoded = [ids if ids[-1] == end else [*ids[: width - 1], end] for ids in encoded]
        ids = np.full((len(encoded), width), pad, np.int32)
        for row, values in zip(ids, encoded, strict=True):
            row[: len(values)] = values
        self.lengths = torch.tensor([len(values) for values in encoded], device=device)
        self.ids = torch.from_numpy(ids).to(device)

    def take(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Ids and mask (N, L) of the given rows, cut to the longest of them (in steps of 4, so that shapes repeat)."""
        lengths = self.lengths[rows]
        width = min(int(-(-int(lengths.max()) // 4) * 4), self.ids.shape[1])
        ids = self.ids[rows, :width].long()
        return ids, (torch.arange(width, device=ids.device)[None] < lengths[:, None]).long()


def student_image(model: torch.nn.Module, views: Tensor) -> Tensor:
    mean, std = (torch.tensor(v, device=views.device).view(1, 3, 1, 1) for v in (MEAN, STD))
    pooled = model.vision_model(pixel_values=(views - mean) / std).pooler_output
    return functional.normalize(model.visual_projection(pooled).float(), dim=-1)


def student_text(model: torch.nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
    pooled = model.text_model(input_ids=ids, attention_mask=mask).pooler_output
    return functional.normalize(model.text_projection(pooled).float(), dim=-1)


def contrastive(images: Tensor, texts: Tensor, concepts: Tensor, scale: Tensor) -> Tensor:
    """Symmetric cross-entropy; every pair of an equal concept is a positive."""
    logits = scale.exp().clamp(max=100) * images @ texts.T
    same = (concepts[:, None] == concepts[None]).float()
    target = same / same.sum(1, keepdim=True)
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def in_batch_mrr(images: Tensor, texts: Tensor, concepts: Tensor, size: int = 64, k: int = 20, seed: int = 0) -> float:
    """MRR@k of captions over pictures in whole batches of ``size`` that hold a concept at most once."""
    order = list(range(len(concepts)))
    random.Random(seed).shuffle(order)
    names = concepts.tolist()
    open_batches: list[tuple[list[int], set[int]]] = []
    full: list[list[int]] = []
    for index in order:
        for batch, seen in open_batches:
            if names[index] not in seen:
                batch.append(index)
                seen.add(names[index])
                if len(batch) == size:
                    full.append(batch)
                    open_batches.remove((batch, seen))
                break
        else:
            open_batches.append(([index], {names[index]}))
    total = 0.0
    for batch in full:
        scores = texts[batch] @ images[batch].T
        ranks = (scores >= scores.diagonal()[:, None]).sum(1)
        total += float(torch.where(ranks <= k, 1 / ranks, torch.zeros_like(ranks, dtype=torch.float)).sum())
    return total / max(1, len(full) * size)


def gallery_mrr(images: Tensor, texts: Tensor, concepts: Tensor, k: int = 10) -> float:
    """MRR@k of captions over all pictures; any picture of the caption's concept is right."""
    scores = texts @ images.T
    same = concepts[:, None] == concepts[None]
    best = scores.masked_fill(~same, -2).amax(1, keepdim=True)
    ranks = ((scores >= best) & ~same).sum(1) + 1
    return float(torch.where(ranks <= k, 1 / ranks, torch.zeros_like(ranks, dtype=torch.float)).mean())


def report(images: Tensor, texts: Tensor, pairs: Pairs) -> dict[str, float]:
    result = {
        "b64_mrr20": in_batch_mrr(images, texts, pairs.concepts),
        "all_mrr10": gallery_mrr(images, texts, pairs.concepts),
    }
    for name in sorted(set(pairs.sets)):
        rows = [i for i, s in enumerate(pairs.sets) if s == name]
        if len(rows) >= 128:
            result[f"b64_mrr20/{name}"] = in_batch_mrr(images[rows], texts[rows], pairs.concepts[rows])
    return {key: round(value, 4) for key, value in result.items()}


class Run:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments, self.out = arguments, Path(arguments.out)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(arguments.seed)
        torch.backends.cuda.matmul.allow_tf32 = True
        started = time.time()
        self.splits = load_pairs(Path(arguments.pairs), self.device, arguments.seed)
        self.extra = load_pairs(Path(arguments.domain), self.device, 0)["test"] if arguments.domain else None
        folder = Path(arguments.teachers)
        bert = Tokenizer.from_file(str(folder / "tokenizer.json"))
        bert.no_padding()
        write_tokenizer(folder / "bpe_simple_vocab_16e6.txt.gz", self.out / "base")
        clip = clip_tokenizer(self.out / "base")
        self.tokens: dict[str, tuple[Tokens, Tokens]] = {}
        for name, pairs in [*self.splits.items(), ("domain", self.extra)]:
            if pairs is not None:
                self.tokens[name] = self.tokenise(bert, clip, [t for variants in pairs.captions for t in variants])
        held = {
            json.dumps(sorted(c[0].partition(": ")[0].lower().split()))
            for s in ("val", "test")
            for c in self.splits[s].captions
        }
        words = [w for w in bert.get_vocab() if w.isalpha() and len(w) > 2]
        tags = {tag for variants in self.splits["train"].captions for tag in variants[0].partition(": ")[2].split(", ")}
        self.phrases = sorted(p for p in {*words, *tags} if p and json.dumps(sorted(p.lower().split())) not in held)
        self.tokens["phrases"] = self.tokenise(bert, clip, self.phrases)
        self.teachers = Teachers(folder).to(self.device)
        self.targets: list[Tensor] = []  # the frozen teachers' vectors of pictures and readings
        self.log(
            stage="loaded",
            seconds=time.time() - started,
            phrases=len(self.phrases),
            **{k: len(v) for k, v in self.splits.items()},
        )

    def tokenise(self, bert: Tokenizer, clip: Tokenizer, texts: list[str]) -> tuple[Tokens, Tokens]:
        return Tokens(bert, texts, 40, 0, self.device), Tokens(
            clip, texts, 48, clip.token_to_id("<|endoftext|>"), self.device, clip.token_to_id("<|endoftext|>")
        )

    def log(self, **row: object) -> None:
        text = json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()})
        print(text, flush=True)
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    @torch.no_grad()
    def embed_images(self, model: torch.nn.Module, pairs: Pairs) -> Tensor:
        parts = []
        with torch.autocast(self.device.type, torch.bfloat16):
            for part in pairs.pictures.split(1024):
                if isinstance(model, Teachers):
                    parts.append(model.image(clean_views(part, TEACHER_SIZE)))
                else:
                    parts.append(student_image(model, clean_views(part, IMAGE_SIZE)))
        return torch.cat(parts)

    @torch.no_grad()
    def embed_texts(self, model: torch.nn.Module, name: str, rows: Tensor) -> Tensor:
        parts = []
        with torch.autocast(self.device.type, torch.bfloat16):
            for part in rows.split(4096):
                if isinstance(model, Teachers):
                    parts.append(model.text(*self.tokens[name][0].take(part)))
                else:
                    parts.append(student_text(model, *self.tokens[name][1].take(part)))
        return torch.cat(parts)

    def score(self, model: torch.nn.Module, split: str) -> dict[str, float]:
        model.eval()
        pairs = self.extra if split == "domain" else self.splits[split]
        assert pairs is not None
        rows = torch.arange(len(pairs), device=self.device) * len(pairs.captions[0])
        result = report(self.embed_images(model, pairs), self.embed_texts(model, split, rows), pairs)
        model.train()
        return result

    def teach(self) -> None:
        """Fine-tune both teachers end to end: new heads fast, pretrained towers slowly; keep what is best on "val"."""
        train, teachers, seconds = self.splits["train"], self.teachers, self.arguments.teacher_seconds
        groups = [
            {
                "params": [*teachers.image_head.parameters(), *teachers.text_head.parameters(), teachers.scale],
                "lr": 1e-3,
            },
            {"params": teachers.effnet.parameters(), "lr": 3e-4},
            {"params": teachers.minilm.parameters(), "lr": 4e-5},
        ]
        rates = [g["lr"] for g in groups]
        optimizer = torch.optim.AdamW(groups, weight_decay=0.05)
        started, step, best = time.time(), 0, (0.0, copy.deepcopy(teachers.state_dict()))
        next_look = seconds / 6
        teachers.train()
        while (elapsed := time.time() - started) < seconds:
            share = elapsed / seconds
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * min(1, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * share))
            for module in teachers.effnet.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()
            rows = torch.randint(len(train), (self.arguments.batch,), device=self.device)
            variant = torch.randint(VARIANTS, rows.shape, device=self.device)
            with torch.autocast(self.device.type, torch.bfloat16):
                images = teachers.image(
                    random_views(train.pictures[rows], TEACHER_SIZE).contiguous(memory_format=torch.channels_last)
                )
                texts = teachers.text(*self.tokens["train"][0].take(rows * VARIANTS + variant))
            loss = contrastive(images, texts, train.concepts[rows], teachers.scale)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            step += 1
            if elapsed > next_look or time.time() - started >= seconds:
                next_look += seconds / 6
                result = self.score(teachers, "val")
                self.log(
                    stage="teacher",
                    step=step,
                    seconds=elapsed,
                    loss=float(loss),
                    scale=float(teachers.scale.exp()),
                    val=result["b64_mrr20"],
                )
                if result["b64_mrr20"] > best[0]:
                    best = (result["b64_mrr20"], copy.deepcopy(teachers.state_dict()))
        teachers.load_state_dict(best[1])
        self.log(
            stage="teacher done",
            steps=step,
            test=self.score(teachers, "test"),
            domain=self.score(teachers, "domain") if self.extra else None,
        )

    @torch.no_grad()
    def features(self, name: str) -> tuple[Tensor, Tensor]:
        """Pooled features of both frozen towers: of every picture, and of every reading of the captions."""
        pairs, rows = self.splits[name], []
        self.teachers.eval()
        with torch.autocast(self.device.type, torch.bfloat16):
            for part in pairs.pictures.split(256):
                pixels = clean_views(part, TEACHER_SIZE).contiguous(memory_format=torch.channels_last)
                rows.append(self.teachers.pooled_image(pixels).float())
            count = len(pairs) * len(pairs.captions[0])
            order = torch.argsort(self.tokens[name][0].lengths[:count])
            texts = torch.empty(count, 384, device=self.device)
            for chosen in order.split(512):
                texts[chosen] = self.teachers.pooled_text(*self.tokens[name][0].take(chosen)).float()
        return torch.cat(rows), texts

    def teach_heads(self) -> None:
        """For machines without a GPU: leave both pretrained towers as they are and train the heads on cached features."""
        teachers, train, started = self.teachers, self.splits["train"], time.time()
        image_features, text_features = self.features("train")
        self.log(stage="features", seconds=time.time() - started)
        parameters = [*teachers.image_head.parameters(), *teachers.text_head.parameters(), teachers.scale]
        optimizer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.05)
        teachers.train()
        steps = int(16 * len(train) / 1024)
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = 1e-3 * 0.5 * (1 + math.cos(math.pi * step / steps))
            rows = torch.randint(len(train), (1024,), device=self.device)
            readings = rows * VARIANTS + torch.randint(VARIANTS, rows.shape, device=self.device)
            images = functional.normalize(teachers.image_head(image_features[rows]), dim=-1)
            texts = functional.normalize(teachers.text_head(text_features[readings]), dim=-1)
            loss = contrastive(images, texts, train.concepts[rows], teachers.scale)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        teachers.eval()
        with torch.no_grad():
            self.targets = [
                functional.normalize(teachers.image_head(image_features), dim=-1),
                functional.normalize(teachers.text_head(text_features), dim=-1),
            ]
        self.log(stage="teacher done", steps=steps, seconds=time.time() - started, test=self.score(teachers, "test"))

    def distil(self) -> None:
        """Train the student on the pairs and on the teachers' view of each picture, caption and phrase; keep an EMA."""
        train, teachers, arguments = self.splits["train"], self.teachers.eval().requires_grad_(False), self.arguments
        if self.targets:
            image_targets, text_targets = self.targets
        else:
            everything = torch.arange(len(train) * VARIANTS, device=self.device)
            image_targets, text_targets = None, self.embed_texts(teachers, "train", everything)
        phrase_targets = self.embed_texts(teachers, "phrases", torch.arange(len(self.phrases), device=self.device))
        student: torch.nn.Module = new_student()
        student.to(self.device)
        self.log(stage="student", parameters=sum(p.numel() for p in student.parameters()))
        ema = copy.deepcopy(student).requires_grad_(False)
        decayed = [p for p in student.parameters() if p.ndim > 1]
        plain = [p for p in student.parameters() if p.ndim <= 1]
        optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": arguments.decay}, {"params": plain, "weight_decay": 0}],
            lr=arguments.lr,
            betas=(0.9, 0.98),
            fused=True,
        )
        started, step, next_look, seconds = time.time(), 0, arguments.student_seconds / 10, arguments.student_seconds
        student.train()
        scale = teachers.scale.detach().exp().clamp(max=100)
        while (elapsed := time.time() - started) < seconds:
            rate = arguments.lr * min(1, (step + 1) / 500) * 0.5 * (1 + math.cos(math.pi * elapsed / seconds))
            for group in optimizer.param_groups:
                group["lr"] = rate
            rows = torch.randint(len(train), (arguments.batch,), device=self.device)
            readings = rows * VARIANTS + torch.randint(VARIANTS, rows.shape, device=self.device)
            phrases = torch.randint(len(self.phrases), (arguments.batch // 2,), device=self.device)
            views = random_views(train.pictures[rows], IMAGE_SIZE if arguments.frozen else TEACHER_SIZE)
            with torch.autocast(self.device.type, torch.bfloat16):
                if image_targets is None:
                    with torch.no_grad():
                        teacher_images = teachers.image(views.contiguous(memory_format=torch.channels_last))
                    views = functional.interpolate(views, (IMAGE_SIZE, IMAGE_SIZE), mode="bilinear", antialias=True)
                else:
                    teacher_images = image_targets[rows]
                images = student_image(student, views)
                texts = student_text(student, *self.tokens["train"][1].take(readings))
                words = student_text(student, *self.tokens["phrases"][1].take(phrases))
            teacher_texts = text_targets[readings]
            hard = contrastive(images, texts, train.concepts[rows], student.logit_scale)
            soft = scale * teacher_images @ teacher_texts.T
            logits = student.logit_scale.exp().clamp(max=100) * images @ texts.T
            kl = functional.kl_div(logits.log_softmax(1), soft.log_softmax(1), reduction="batchmean", log_target=True)
            kl = (
                kl
                + functional.kl_div(
                    logits.T.log_softmax(1), soft.T.log_softmax(1), reduction="batchmean", log_target=True
                )
            ) / 2
            near = (
                3
                - (images * teacher_images).sum(1).mean()
                - (texts * teacher_texts).sum(1).mean()
                - (words * phrase_targets[phrases]).sum(1).mean()
            )
            loss = arguments.hard * hard + arguments.soft * kl + arguments.near * near
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            optimizer.step()
            step += 1
            decay = min(0.999, step / (step + 50))
            with torch.no_grad():
                torch._foreach_lerp_(list(ema.parameters()), list(student.parameters()), 1 - decay)
            if elapsed > next_look or time.time() - started >= seconds:
                next_look += seconds / 10
                losses = {"hard": float(hard), "kl": float(kl), "near": float(near)}
                value = self.score(ema, "val")["b64_mrr20"]
                self.log(stage="student", step=step, seconds=elapsed, pairs=step * arguments.batch, val=value, **losses)
                copy.deepcopy(ema).half().save_pretrained(self.out / "base")
        self.log(
            stage="student done",
            steps=step,
            pairs=step * arguments.batch,
            seconds=time.time() - started,
            test=self.score(ema, "test"),
            domain=self.score(ema, "domain") if self.extra else None,
        )
        ema.half().save_pretrained(self.out / "base")


def clip_tokenizer(folder: Path) -> Tokenizer:
    """A ``tokenizers`` reader of the CLIP tokenizer folder, the same ids as ``CLIPTokenizerFast`` gives."""
    from tokenizers import Regex, models, normalizers, pre_tokenizers, processors

    vocabulary = json.loads((folder / "vocab.json").read_text("utf-8"))
    merges = [tuple(line.split()) for line in (folder / "merges.txt").read_text("utf-8").split("\n")[1:] if line]
    tokenizer = Tokenizer(
        models.BPE(vocabulary, merges, end_of_word_suffix="</w>", fuse_unk=False, unk_token="<|endoftext|>")
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    pattern = Regex(r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+""")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(pattern, "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    start, end = ("<|startoftext|>", vocabulary["<|startoftext|>"]), ("<|endoftext|>", vocabulary["<|endoftext|>"])
    tokenizer.post_processor = processors.RobertaProcessing(
        sep=end[::1], cls=start, add_prefix_space=False, trim_offsets=False
    )
    return tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", required=True)
    parser.add_argument("--domain", help="a second folder of pairs, only scored: the foreign domain before fine-tuning")
    parser.add_argument("--teachers", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--teacher-seconds", type=float, default=150)
    parser.add_argument("--student-seconds", type=float, default=300)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--lr", type=float, default=1.5e-3)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--hard", type=float, default=1.0)
    parser.add_argument("--soft", type=float, default=1.0)
    parser.add_argument("--near", type=float, default=2.0)
    parser.add_argument(
        "--frozen", action="store_true", help="train only the teachers' heads: for machines without a GPU"
    )
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    Path(arguments.out).mkdir(parents=True, exist_ok=True)
    run = Run(arguments)
    if arguments.frozen:
        run.teach_heads()
    else:
        run.teach()
    torch.save(
        {k: v.half() if v.is_floating_point() else v for k, v in run.teachers.state_dict().items()},
        Path(arguments.out) / "teachers.pt",
    )
    run.distil()


if __name__ == "__main__":
    main()
