"""One run of each trainer on the same pairs in the same batches: losses, seconds of all, seconds of each step."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

RATE = 5e-5


def records(manifest: Path, count: int) -> list[Any]:
    """``count`` pairs of the manifest, at even distances, no caption twice."""
    from clipseek.sources import read_records

    seen = {record.caption: record for record in read_records(manifest)}
    every = list(seen.values())
    return every[:: max(1, len(every) // count)][:count]


def ours(given: argparse.Namespace, out: Path) -> dict[str, Any]:
    from clipseek.training.machine import spin_briefly

    spin_briefly()  # as commands do, before torch is imported
    from clipseek.training.config import TrainConfig
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train
    from clipseek.training.run.recipes import RECIPES

    plain = {**RECIPES["talk/run-1"], "samples": None, "keep_epochs": False, "max_tokens": None}
    config = TrainConfig(
        **{
            **plain,
            "base": str(given.base),
            "batch_size": given.batch,
            "learning_rate": RATE,
            "epochs": 1.0,
            "schedule": "constant",
            "epsilon": 1e-8,
            "precision": given.precision,
            "validation_share": 1e-9,
        }
    )
    spec = load_checkpoint(config.base).image
    chosen = records(given.manifest, given.batch * given.steps)
    started = time.perf_counter()
    pairs = load_pairs(chosen, spec)
    decoding = time.perf_counter() - started
    losses: list[float] = []
    ends: list[float] = []
    first: list[float] = []

    def event(values: dict[str, Any]) -> None:
        if values["event"] == "start":
            first.append(time.perf_counter())
        if values["event"] == "step":
            losses.append(values["loss"])
            ends.append(time.perf_counter())

    train(config, pairs, out / "run", on_event=event)
    return {"losses": losses, "seconds": decoding + ends[-1] - first[0], "steps": _steps(first[0], ends)}


def in_order(given: argparse.Namespace) -> list[Any]:
    """The records in the order in which ``ours`` takes them."""
    from clipseek.training.data.pairs import joint_keys, load_pairs
    from clipseek.training.data.sampler import epoch_batches
    from clipseek.training.model.checkpoint import load_checkpoint

    chosen = records(given.manifest, given.batch * given.steps)
    pairs = load_pairs(chosen, load_checkpoint(str(given.base)).image)
    batches = epoch_batches(joint_keys(pairs), given.batch, 0, 0)
    return [chosen[row] for batch in batches for row in batch]


def _arguments(given: argparse.Namespace, out: Path) -> dict[str, Any]:
    return {
        "output_dir": str(out / "trainer"),
        "per_device_train_batch_size": given.batch,
        "num_train_epochs": 1,
        "learning_rate": RATE,
        "lr_scheduler_type": "constant",
        "weight_decay": 0.0,
        "max_grad_norm": 0.0,
        "optim": "adamw_torch_fused",
        "adam_beta2": 0.999,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "logging_strategy": "no",
        "dataloader_num_workers": given.workers,
        "use_cpu": True,
        "bf16": given.precision == "bf16",
    }


def trainer(given: argparse.Namespace, out: Path) -> dict[str, Any]:
    import torch
    from PIL import Image
    from torch.utils.data import SequentialSampler
    from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizerFast, Trainer, TrainingArguments

    ordered = in_order(given)
    model = CLIPModel.from_pretrained(given.base)
    picture, words = CLIPImageProcessor.from_pretrained(given.base), CLIPTokenizerFast.from_pretrained(given.base)
    losses: list[float] = []
    ends: list[float] = []

    class Files(torch.utils.data.Dataset[Any]):
        def __len__(self) -> int:
            return len(ordered)

        def __getitem__(self, at: int) -> Any:
            return {"image": Image.open(ordered[at].image).convert("RGB"), "caption": ordered[at].caption}

    def collate(rows: list[Any]) -> dict[str, Any]:
        texts = words([row["caption"] for row in rows], padding=True, truncation=True, return_tensors="pt")
        return {**picture([row["image"] for row in rows], return_tensors="pt"), **texts, "return_loss": True}

    class Clip(Trainer):
        def _get_train_sampler(self, *arguments: Any) -> Any:
            return SequentialSampler(ordered)

        def training_step(self, *arguments: Any, **named: Any) -> Any:
            loss = super().training_step(*arguments, **named)
            losses.append(float(loss))
            ends.append(time.perf_counter())
            return loss

    arguments = TrainingArguments(**_arguments(given, out), remove_unused_columns=False)
    run = Clip(model=model, args=arguments, train_dataset=Files(), data_collator=collate)
    started = time.perf_counter()
    run.train()
    return {"losses": losses, "seconds": time.perf_counter() - started, "steps": _steps(started, ends)}


def sentence_transformers(given: argparse.Namespace, out: Path) -> dict[str, Any]:
    import torch
    from datasets import Dataset, Image
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
    from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
    from sentence_transformers.base.modules import Transformer
    from torch import nn
    from torch.utils.data import BatchSampler, SequentialSampler
    from transformers import CLIPImageProcessor, CLIPProcessor, CLIPTokenizerFast

    ordered = in_order(given)
    folder = out / "checkpoint"  # its reader wants one processor for both
    images, words = CLIPImageProcessor.from_pretrained(given.base), CLIPTokenizerFast.from_pretrained(given.base)
    CLIPProcessor(images, words).save_pretrained(folder)
    for name in ("config.json", "model.safetensors"):
        (folder / name).symlink_to(given.base / name)
    model = SentenceTransformer(modules=[Transformer(str(folder))])
    clip: Any = model[0].auto_model
    losses: list[float] = []
    ends: list[float] = []

    class ClipLoss(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, features: Any, labels: Any = None) -> torch.Tensor:
            one, other = (nn.functional.normalize(self.model(side)["sentence_embedding"], dim=-1) for side in features)
            logits = clip.logit_scale.exp() * one @ other.T
            own = torch.arange(len(logits))
            return (nn.functional.cross_entropy(logits, own) + nn.functional.cross_entropy(logits.T, own)) / 2

    class Timed(SentenceTransformerTrainer):
        def training_step(self, *arguments: Any, **named: Any) -> Any:
            loss = super().training_step(*arguments, **named)
            losses.append(float(loss))
            ends.append(time.perf_counter())
            return loss

    def sequential(dataset: Any, batch_size: int, drop_last: bool, **_: Any) -> Any:
        return BatchSampler(SequentialSampler(dataset), batch_size, drop_last)

    columns = {"image": [str(r.image) for r in ordered], "caption": [r.caption for r in ordered]}
    data = Dataset.from_dict(columns).cast_column("image", Image(mode="RGB"))
    arguments = Arguments(**_arguments(given, out), batch_sampler=sequential)
    run = Timed(model=model, args=arguments, train_dataset=data, loss=ClipLoss())
    started = time.perf_counter()
    run.train()
    return {"losses": losses, "seconds": time.perf_counter() - started, "steps": _steps(started, ends)}


def _steps(started: float, ends: list[float]) -> list[float]:
    return [end - before for before, end in zip([started, *ends], ends, strict=False)]
