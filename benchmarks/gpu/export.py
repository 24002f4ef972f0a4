"""fp16 export of ViT-B/32's shapes: its seconds, and the gate that compares it with fp32 by the cosine on samples."""

from __future__ import annotations

import time
from typing import Any

from parts import Setting, run_part


def measure(setting: Setting) -> dict[str, Any]:
    from clipseek.encoder import ClipEncoder

    setting.checkpoint()
    seconds = {}
    for precision in ("fp32", "fp16"):
        began = time.perf_counter()
        bundle = setting.bundle(precision)
        seconds[precision] = time.perf_counter() - began
    return {
        "seconds": seconds,
        "gates": bundle.passport["gates"],
        "parity": bundle.passport["parity"],
        "sizes": bundle.passport["sizes"],
        "runs_on": ClipEncoder(bundle).active_device(),
    }


if __name__ == "__main__":
    run_part(measure)
