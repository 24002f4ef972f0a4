"""The training loop: one file, top to bottom."""

from __future__ import annotations

import json
import math
import platform
import random
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from clipseek.evaluation import whole_gallery

from .augment import random_caption, random_views
from .config import TrainConfig
from .data import Pairs, check_usable, split_by_group
from .embed import embed, score
from .errors import Diverged, TrainingError
from .loss import MAX_LOG_SCALE, contrastive_loss, groups_to_numbers
from .model import Checkpoint, load_checkpoint
from .precision import resolve_precision
from .schedule import learning_rate_factor
from .state import load_state, save_checkpoint, save_state
from .wise import Choice, choose, interpolated

Event = dict[str, Any]
LOOK_PAIRS = 2000  # validation pairs looked at between epochs


def train(
    config: TrainConfig,
    pairs: Pairs,
    out: Path,
    *,
    keep: Pairs | None = None,
    validation: Pairs | None = None,
    keep_validation: Pairs | None = None,
    resume: bool = False,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Path:
    """Fine-tune ``config.base`` on ``pairs`` and return ``out/best``, a checkpoint folder.

    ``keep`` are general pairs mixed into each batch so that they are not forgotten. Without ``validation`` a share of the pairs'
    groups is held out. ``out`` also gets config.json, history.jsonl, loss.png and last/ with the state to resume from.
    Raises UnusableData, ModelUnavailable, Diverged.
    """
    check_usable(pairs)
    checkpoint = load_checkpoint(config.base)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    precision = resolve_precision(config.precision, device)
    network: torch.nn.Module = checkpoint.model  # transformers' own .to() is typed for other things
    network.to(device).train()
    base = {name: value.detach().clone() for name, value in checkpoint.model.state_dict().items()}

    if validation is None:
        learn, held = split_by_group(pairs.groups, config.validation_share, config.seed)
        if len(set(pairs.groups[row] for row in held)) >= 2 and len(learn) >= 2:
            pairs, validation = pairs.take(learn), pairs.take(held)
    keep_count = round(config.batch_size * config.keep_share) if keep is not None and len(keep) else 0
    own_count = min(config.batch_size - keep_count, len(pairs))
    steps_per_epoch = max(1, len(pairs) // own_count)
    total_steps = max(1, round(config.epochs * steps_per_epoch))

    # Matrices decay; biases, norms and the temperature do not: pulling those to zero has no meaning.
    named = [(name, p) for name, p in checkpoint.model.named_parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {
                "params": [p for name, p in named if p.ndim >= 2 and "embedding" not in name],
                "weight_decay": config.weight_decay,
            },
            {"params": [p for name, p in named if p.ndim < 2 or "embedding" in name], "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        betas=(0.9, 0.98),
        fused=True,
    )

    out.mkdir(parents=True, exist_ok=True)
    resume_path = out / "last.pt"
    fingerprint = pairs.fingerprint()
    step, spent = 0, 0.0
    if resume and resume_path.is_file():
        state = load_state(resume_path)
        if state["data"] != fingerprint:
            raise TrainingError(
                f"{out} was trained on other pairs; resume with the same source, or choose another --out"
            )
        checkpoint.model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = int(state["step"]), float(state["spent"])
    else:
        (out / "history.jsonl").write_text("")
        config.write(out / "config.json")
        (out / "environment.json").write_text(
            json.dumps(_environment(device, precision, fingerprint, len(pairs)), indent=1) + "\n"
        )
    history: list[Event] = [json.loads(line) for line in (out / "history.jsonl").read_text("utf-8").splitlines()]
    history = [row for row in history if row.get("step", 0) <= step]
    (out / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in history))

    def record(event: Event) -> None:
        history.append(event)
        with (out / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")
        on_event(event)

    numbers = groups_to_numbers([*pairs.groups, *(keep.groups if keep is not None else [])])
    on_event(
        {"event": "start", "pairs": len(pairs), "steps": total_steps, "precision": precision, "device": str(device)}
    )
    started = time.perf_counter() - spent
    waiting = 0.0
    limit = math.inf if config.minutes is None else config.minutes * 60
    first_step, first_time = step, time.perf_counter()

    while step < total_steps and (elapsed := time.perf_counter() - started) < limit:
        epoch, position = divmod(step, steps_per_epoch)
        # Everything random of a step comes from (seed, step): a resumed run draws what an unbroken one would have drawn.
        order = random.Random(f"{config.seed}/{epoch}").sample(range(len(pairs)), len(pairs))
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
        rows = order[position * own_count : (position + 1) * own_count]
        fetching = time.perf_counter()
        pixels = torch.from_numpy(pairs.pixels[rows])
        captions = [pairs.captions[row] for row in rows]
        groups = numbers[rows]
        if keep is not None and keep_count:
            chosen = torch.randint(len(keep), (keep_count,), generator=generator).tolist()
            pixels = torch.cat([pixels, torch.from_numpy(keep.pixels[chosen])])
            captions += [keep.captions[row] for row in chosen]
            groups = torch.cat([groups, numbers[[len(pairs) + row for row in chosen]]])
        floats = pixels.to(device, non_blocking=True).permute(0, 3, 1, 2).float() / 255
        if config.augment:
            floats = random_views(floats, generator)
            captions = [random_caption(caption, generator) for caption in captions]
        waiting += time.perf_counter() - fetching

        progress = max(step / total_steps, elapsed / limit)
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * learning_rate_factor(progress, config.warmup)
        images, texts = checkpoint.encode_pixels(floats, precision), checkpoint.encode_texts(captions, precision)
        loss = contrastive_loss(images, texts, groups.to(device), checkpoint.model.logit_scale)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(checkpoint.model.parameters(), 1.0)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise Diverged(
                f"the loss became {value} at step {step}; lower --lr (it is {config.learning_rate:g}) and run again"
            )
        optimizer.step()
        with torch.no_grad():
            checkpoint.model.logit_scale.clamp_(max=MAX_LOG_SCALE)
        step += 1

        seconds = time.perf_counter() - first_time
        record(
            {
                "event": "step",
                "step": step,
                "epoch": step / steps_per_epoch,
                "loss": value,
                "learning_rate": optimizer.param_groups[0]["lr"],
                "pairs_per_second": (step - first_step) * len(captions) / seconds,
                "waiting": waiting / seconds,
                "progress": max(step / total_steps, (time.perf_counter() - started) / limit),
            }
        )
        if step % steps_per_epoch == 0 and step < total_steps:
            if validation is not None:
                record({"event": "look", "step": step, "validation_mrr": _look(checkpoint, validation, precision)})
            spent = time.perf_counter() - started
            whole = {"model": checkpoint.model.state_dict(), "optimizer": optimizer.state_dict()}
            save_state(resume_path, {**whole, "step": step, "spent": spent, "data": fingerprint})

    checkpoint.model.eval()
    choice = Choice(1.0, [])
    if config.interpolate and validation is not None:
        choice = _interpolate(checkpoint, base, validation, keep_validation, precision, config.keep_loss)
        record({"event": "interpolate", "step": step, "alpha": choice.alpha, "curve": choice.curve})
    if validation is not None:
        batches, gallery = score(checkpoint, validation, precision)
        record(
            {"event": "done", "step": step, "validation_mrr": gallery.mrr[10], "validation_batch_mrr": batches.mrr[20]}
        )
    save_checkpoint(checkpoint, out / "best")
    provenance = {
        "base": config.base,
        "data": fingerprint,
        "recipe": asdict(config),
        "steps": step,
        "alpha": choice.alpha,
    }
    (out / "best" / "clipseek_training.json").write_text(json.dumps(provenance, indent=1) + "\n", "utf-8")
    resume_path.unlink(missing_ok=True)
    from .plot import plot_history

    plot_history(history, out / "loss.png")
    return out / "best"


def _look(checkpoint: Checkpoint, validation: Pairs, precision: str) -> float:
    some = validation.take(list(range(min(LOOK_PAIRS, len(validation)))))
    texts, images = embed(checkpoint, some, precision)
    return whole_gallery(texts, images, some.groups).mrr[10]


def _interpolate(
    checkpoint: Checkpoint,
    base: dict[str, torch.Tensor],
    validation: Pairs,
    keep_validation: Pairs | None,
    precision: str,
    keep_loss: float,
) -> Choice:
    """Leave the model at the best point between base and tuned weights."""
    tuned = {name: value.detach().clone() for name, value in checkpoint.model.state_dict().items()}

    def measure(alpha: float) -> tuple[float, float | None]:
        checkpoint.model.load_state_dict(interpolated(base, tuned, alpha))
        general = None if keep_validation is None else score(checkpoint, keep_validation, precision)[0].mrr[20]
        return _look(checkpoint, validation, precision), general

    base_general = measure(0.0)[1] if keep_validation is not None else None
    choice = choose(measure, base_general, keep_loss)
    checkpoint.model.load_state_dict(interpolated(base, tuned, choice.alpha))
    return choice


def _environment(device: torch.device, precision: str, fingerprint: str, pairs: int) -> Event:
    import transformers

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    return {
        "device": name,
        "precision": precision,
        "threads": torch.get_num_threads(),
        "pairs": pairs,
        "data": fingerprint,
        **versions,
    }
