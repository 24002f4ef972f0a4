"""Pairs a second of clipseek's training at a batch of 1,024 in bf16, with peak memory and the share of time waiting for data."""

from __future__ import annotations

import time
from typing import Any

from parts import Setting, peak_megabytes, run_part
from rates import step_figures


def measure(setting: Setting) -> dict[str, Any]:
    from clipseek.sources import Record
    from clipseek.training.config import TrainConfig
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train

    sizes = setting.sizes
    # What transformers' Trainer does by default: AdamW at a constant rate, each caption once, no other view of anything.
    config = TrainConfig(
        base=str(setting.checkpoint()),
        batch_size=sizes.batch,
        epochs=float(sizes.epochs),
        learning_rate=5e-5,
        optimizer="adamw",
        weight_decay=0.0,
        clip_norm=0.0,
        schedule="constant",
        augment=False,
        intra_modal=False,
        share_targets=False,
        interpolate=False,
        choose="last",
        precision="bf16",
        validation_share=1e-9,
    )
    records = [
        Record(id=None, image=path, captions=(caption,))
        for path, caption in zip(setting.files(), setting.captions(), strict=True)
    ]
    spec = load_checkpoint(config.base).image
    began = time.perf_counter()
    pairs = load_pairs(records, spec)
    decoding = time.perf_counter() - began
    events: list[dict[str, Any]] = []
    ends: list[float] = []

    def event(values: dict[str, Any]) -> None:
        events.append(values)
        if values["event"] == "step":
            ends.append(time.perf_counter())

    train(config, pairs, setting.scratch / "run", on_event=event)
    last = next(values for values in reversed(events) if values["event"] == "step")
    return {
        **step_figures(ends, sizes.batch),
        "pairs_per_second_of_all_steps": last["pairs_per_second"],
        "waiting_share": last["waiting"],
        "decoding_seconds": decoding,
        "decoded_pictures": len(pairs.digests),
        "peak_megabytes": peak_megabytes(),
        "loss": last["loss"],
        "precision": next(values["precision"] for values in events if values["event"] == "start"),
        "device": next(values["device"] for values in events if values["event"] == "start"),
    }


if __name__ == "__main__":
    run_part(measure)
