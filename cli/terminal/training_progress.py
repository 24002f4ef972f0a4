"""Progress of a training on stderr, a line every few seconds."""

from __future__ import annotations

import time
from typing import Any

from .output import count, note

_OPTIMIZERS = {"adamw": "AdamW", "muon": "Muon"}
#: Events that say how much of a long work is done.
_COUNTED = {
    "comparing": "holding out: {done:,} of {of:,} pictures compared",
    "features": "frozen towers: {done:,} of {of:,} outputs computed",
}


class TrainingProgress:
    """Prints a line every few seconds; remembers the last figures."""

    def __init__(self, every: float = 10.0) -> None:
        self.last: dict[str, Any] = {}
        self._every = every
        self._next = 0.0

    def __call__(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "start":
            self.last["steps"] = event["step"]
            held = f", {event['validation_pairs']:,} held out for validation" if event["validation_pairs"] else ""
            steps = f"up to {count(event['steps'], 'step')}"
            how = f"{_OPTIMIZERS[event['optimizer']]}, {event['precision']} on {event['device']}"
            note(f"{count(event['pairs'], 'pair')}{held}; {steps}, {how}")
            if not event["validation_pairs"]:
                note(
                    "  nothing could be held out: fewer than two groups would be left on one side. The last weights are kept, "
                    "unmeasured; name pairs with --validation, or a larger --val-fraction"
                )
            if event["step"]:
                note(f"  resuming after step {event['step']:,}")
        elif kind == "step":
            self.last.update(steps=event["step"], loss=event["loss"], pairs_per_second=event["pairs_per_second"])
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + self._every
                note(
                    f"  {event['progress']:4.0%}  step {event['step']:,}  epoch {event['epoch']:.1f}  "
                    f"loss {event['loss']:.3f}  {event['pairs_per_second']:.0f} pairs/s  "
                    f"waiting for data {event['waiting']:.0%}"
                )
        elif kind == "validation" and "validation_mrr" in event:
            general = ""
            if "general_mrr" in event:
                general = f"; general {event['general_mrr']:.3f} and {event['general_batch_mrr']:.3f}"
            note(
                f"  step {event['step']:,}: validation MRR@10 {event['validation_mrr']:.3f} over the whole gallery, "
                f"MRR@20 {event['validation_batch_mrr']:.3f} in batches{general}"
            )
        elif kind in _COUNTED:
            if time.monotonic() >= self._next or event["done"] == event["of"]:
                self._next = time.monotonic() + self._every
                note(f"  {_COUNTED[kind].format(**event)}")
        elif kind == "unreadable":
            note(f"  {count(event['number'], 'picture')} could not be read, and others came in their place:")
            for name, reason in event["files"]:
                note(f"    {name}: {reason}")
        elif kind == "stage":
            note(f"== {event['name']}, learning rate {event['learning_rate']:g}")
        elif kind == "auto":
            note(
                f"chosen: {event['chosen']} (validation MRR@10 {event['validation_mrr']:.3f}); stopped: {event['reason']}"
            )
        elif kind == "stopped":
            passes = count(event["passes"], "validation pass", "validation passes")
            note(f"  step {event['step']:,}: {passes} without a better model; stopping here")
        elif kind == "interpolate":
            self.last["alpha"] = event["alpha"]
            note(f"  weights: {event['alpha']:.0%} of the way from the base to the tuned model (chosen on validation)")
        elif kind == "done" and "validation_mrr" in event:
            self.last["validation_mrr_at_10"] = event["validation_mrr"]
