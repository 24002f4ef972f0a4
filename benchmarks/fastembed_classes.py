"""clipseek's encoder beside fastembed's classes, on the same model: ``python benchmarks/fastembed_classes.py --python PATH``.

``PATH``: the interpreter of another environment with fastembed in it, whose onnxruntime shuts ours out. It runs in a process of
its own and the two sides take turns; a side that waits does nothing. Both have a random CLIP of ViT-B/32's shapes from the same
checkpoint: fastembed the two graphs as the exporter leaves them, clipseek its bundle of them, fp32 and int8. Files are JPEG and PNG
from 256 x 256 to 3 megapixels on the disk, texts have 8 to 20 tokens, batches 32. fp32 vectors must have a cosine of 0.999 to
fastembed's, whose resizing is its own. Medians over ``--rounds``.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from checkpoints import make_vit_b32
from encode import BATCH, SIZES, WORDS, picture_file

#: fastembed's side: a line of JSON with what to encode, a line with the seconds it took; the vectors in a file.
SERVE = """
import json, sys, time
import numpy as np
from fastembed import ImageEmbedding, TextEmbedding
folder = sys.argv[1]
pictures = ImageEmbedding("Qdrant/clip-ViT-B-32-vision", specific_model_path=folder + "/vision")
texts = TextEmbedding("Qdrant/clip-ViT-B-32-text", specific_model_path=folder + "/text")
print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    model = pictures if asked["what"] == "files" else texts
    began = time.perf_counter()
    rows = np.stack(list(model.embed(asked["given"], batch_size=asked["batch"])))
    took = time.perf_counter() - began
    np.save(asked["out"], rows)
    print(took, flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="interpreter with fastembed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=64)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    from clipseek.encoder import ClipEncoder
    from clipseek.training.export import export_bundle
    from clipseek.training.model import load_checkpoint
    from clipseek.training.towers import export_towers

    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        checkpoint = make_vit_b32(home / "checkpoint")
        bundles = [export_bundle(str(checkpoint), home / "fp32")]
        bundles.append(export_bundle(str(checkpoint), home / "int8", precision="int8", accept_loss=True))
        encoders = {bundle.precision: ClipEncoder(bundle, device="cpu", batch_size=BATCH) for bundle in bundles}
        towers = home / "towers"
        towers.mkdir()
        export_towers(load_checkpoint(str(checkpoint)).model.eval(), towers, 18)
        for name, graph in (("vision", "image.onnx"), ("text", "text.onnx")):
            shutil.copytree(checkpoint, home / name, ignore=shutil.ignore_patterns("*.safetensors"))
            shutil.move(towers / graph, home / name / "model.onnx")
        rng = random.Random(0)
        texts = [" ".join(rng.choices(WORDS, k=rng.randint(6, 18))) for _ in range(options.count)]
        files = [home / f"{at}.picture" for at in range(options.count)]
        for at, path in enumerate(files):
            path.write_bytes(picture_file(SIZES[at % len(SIZES)], at))
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")

        def our_files(encoder: ClipEncoder) -> np.ndarray:
            with ThreadPoolExecutor(2) as pool:
                coming = [pool.submit(lambda path=path: encoder.load_picture(path.read_bytes())) for path in files]
                parts = [coming[start : start + BATCH] for start in range(0, len(coming), BATCH)]
                return np.concatenate([encoder.encode_pictures([one.result() for one in part]) for part in parts])

        ours: dict[str, Any] = {
            "texts": lambda encoder: encoder.encode_texts(texts),
            "query": lambda encoder: encoder.encode_texts(texts[:1]),
            "files": our_files,
        }
        given = {"texts": texts, "query": texts[:1], "files": [str(path) for path in files]}
        serve = [options.python, "-c", SERVE, str(home)]
        quiet = {**os.environ, "HF_HUB_OFFLINE": "1"}
        with subprocess.Popen(serve, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=quiet) as theirs:
            assert theirs.stdin
            assert theirs.stdout
            assert theirs.stdout.readline().strip() == "ready", "fastembed did not start"
            for what, encode in ours.items():
                times: dict[str, list[float]] = {}
                rows: dict[str, np.ndarray] = {}
                for turn in range(options.rounds + 1):
                    out = str(home / "rows.npy")
                    asked = {"what": what, "given": given[what], "batch": BATCH, "out": out}
                    theirs.stdin.write(json.dumps(asked) + "\n")
                    theirs.stdin.flush()
                    took = {"fastembed": float(theirs.stdout.readline())}
                    rows["fastembed"] = np.load(out)
                    for name, encoder in encoders.items():
                        began = time.perf_counter()
                        rows[name] = encode(encoder)
                        took[name] = time.perf_counter() - began
                    for name, seconds in took.items():
                        if turn:  # the first finds its memory
                            times.setdefault(name, []).append(seconds)
                _show(what, len(given[what]), times, rows)
            theirs.stdin.close()


def _show(what: str, count: int, times: dict[str, list[float]], rows: dict[str, np.ndarray]) -> None:
    unit = {name: each / np.linalg.norm(each, axis=1, keepdims=True) for name, each in rows.items()}
    base = statistics.median(times["fastembed"])
    for name, each in times.items():
        middle = statistics.median(each)
        cosine = float((unit[name] * unit["fastembed"]).sum(1).min())
        assert name != "fp32" or cosine > 0.999, f"{what}: cosine {cosine}"
        print(
            f"{count} {what:6} {name:10} {count / middle:8.1f}/s {1000 * middle / count:8.2f} ms each {base / middle:5.2f} x"
            f"  lowest cosine {cosine:.6f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
