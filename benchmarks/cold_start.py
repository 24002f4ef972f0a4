"""A new process's first query, and what it holds in memory, beside transformers: ``python benchmarks/cold_start.py``.

A random CLIP of ViT-B/32's shapes, int8 and fp32 bundles of it. Each turn starts a process for each side, which loads the text
tower and its tokenizer, encodes one query, then loads the image tower and encodes one picture. Times are from the start of the
process, imports included; "query" is the first query alone, everything loaded. Vectors must be equal (int8: cosine 0.99). Resident
memory is the process's own count (VmRSS) after the query, and at the end. Medians over ``--rounds``; the first, which finds the
files on the disk, is left out.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from checkpoints import make_vit_b32

QUERY = "a small red house by blue water"
REST = """
began = time.perf_counter()
vector = text(QUERY)
query, ready, words = time.perf_counter() - began, time.time() - STARTED, resident()
picture()
print(json.dumps({"query": query, "ready": ready, "words": words, "both": resident(), "vector": vector.ravel().tolist()}))
"""
FIRST = """
import json, sys, time
STARTED, FOLDER, QUERY = float(sys.argv[1]), sys.argv[2], sys.argv[3]
def resident():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
"""
OURS = """
import numpy as np
from clipseek.encoder import Bundle, ClipEncoder, Picture
encoder = ClipEncoder(Bundle.load(FOLDER), device="cpu")
encoder.warm_up("text")
text = lambda words: encoder.encode_texts([words])
size = encoder.bundle.image.size
picture = lambda: encoder.encode_pictures([Picture(np.zeros((size, size, 3), np.uint8), size, size)])
"""
THEIRS = """
import logging, warnings
warnings.simplefilter("ignore"); logging.disable(logging.WARNING)
import torch
from transformers import CLIPModel, CLIPTokenizerFast
model, tokenizer = CLIPModel.from_pretrained(FOLDER).eval(), CLIPTokenizerFast.from_pretrained(FOLDER)
@torch.no_grad()
def text(words):
    tokens = tokenizer([words], padding="max_length", return_tensors="pt")
    return torch.nn.functional.normalize(model.get_text_features(**tokens), dim=-1)
@torch.no_grad()
def picture():
    model.get_image_features(pixel_values=torch.zeros(1, 3, *[model.config.vision_config.image_size] * 2))
text("a picture")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="a model of two layers: whether it runs, not how fast")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    from clipseek.export.checkpoint import export_bundle

    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        checkpoint = make_vit_b32(home / "checkpoint", options.tiny)
        sides = {"transformers": (THEIRS, checkpoint)}
        for precision in ("fp32", "int8"):
            export_bundle(str(checkpoint), home / precision, precision=precision, accept_loss=True)
            sides[f"clipseek {precision}"] = (OURS, home / precision)
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
        for turn in range(options.rounds + 1):
            for name, (code, folder) in sides.items():
                program = FIRST + code + REST
                command = [sys.executable, "-c", program, repr(time.time()), str(folder), QUERY]
                answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                if turn:
                    found[name].append(answer)
    vectors = {name: np.asarray(answers[0]["vector"]) for name, answers in found.items()}
    middle = {
        name: {key: statistics.median(one[key] for one in answers) for key in ("ready", "query", "words", "both")}
        for name, answers in found.items()
    }
    base = middle["transformers"]
    for name, each in middle.items():
        cosine = float(vectors[name] @ vectors["transformers"])
        assert cosine > (0.99 if "int8" in name else 0.99999), f"{name}: cosine {cosine}"
        print(
            f"{name:15} first answer after {each['ready']:5.2f} s ({base['ready'] / each['ready']:5.2f} x), the query itself "
            f"{1000 * each['query']:5.1f} ms ({base['query'] / each['query']:5.2f} x); {each['words']:5.0f} MB with words, "
            f"{each['both']:5.0f} MB with both towers"
        )


if __name__ == "__main__":
    main()
