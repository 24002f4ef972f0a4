"""Vectors of a device beside the CPU's, of the same bundle, pictures and texts: ``towers.py cuda`` or ``towers.py tensorrt``.

fp32 must keep a cosine of 0.9999, and fp16 one of 0.999 to the CPU's fp32. On a machine without a card ``--tiny`` compares the CPU
with itself, and has nothing to do for TensorRT.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from parts import Setting, device, run_part

LOWEST = {"fp32": 0.9999, "fp16": 0.999}


def measure_on(wanted: str, setting: Setting) -> dict[str, Any]:
    import numpy as np
    from clipseek.encoder import ClipEncoder
    from clipseek.encoder.device.gpu import TensorRT

    if setting.tiny and device() == "cpu":
        if wanted == "tensorrt":
            return {"skipped": "no card, and TensorRT has no CPU"}
        wanted = "cpu"
    files, captions = setting.files()[: setting.sizes.rows], setting.captions()[: setting.sizes.rows]
    reference = ClipEncoder(setting.bundle("fp32"), device="cpu")
    pictures = [reference.load_picture(path.read_bytes()) for path in files]
    expected = {"pictures": reference.encode_pictures(pictures), "texts": reference.encode_texts(captions)}
    figures: dict[str, Any] = {}
    for precision, lowest in LOWEST.items():
        tensorrt = TensorRT(cache=setting.scratch / f"engines-{precision}", tokens=77)
        given: Any = wanted  # a name that the encoder checks
        encoder = ClipEncoder(setting.bundle(precision), device=given, tensorrt=tensorrt)
        began = time.perf_counter()
        rows = {"pictures": encoder.encode_pictures(pictures), "texts": encoder.encode_texts(captions)}
        first = time.perf_counter() - began
        figures[precision] = {"device": encoder.active_device(), "first_run_seconds": first}
        for kind, ours in rows.items():
            cosine = float((ours * expected[kind]).sum(1).min())
            apart = float(np.abs(ours - expected[kind]).max())
            figures[precision][kind] = {"lowest_cosine": cosine, "largest_difference": apart, "equal": cosine >= lowest}
    return figures


if __name__ == "__main__":
    wanted = sys.argv.pop(1)
    run_part(lambda setting: measure_on(wanted, setting))
