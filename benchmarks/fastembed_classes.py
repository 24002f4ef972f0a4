"""clipseek's encoder beside fastembed's classes, on the same ONNX files: ``python benchmarks/fastembed_classes.py``.

fastembed's onnxruntime shuts ours out, so it runs in a process and an environment of its own (``make bench-env``, or ``--python``
names another interpreter that has it), and the two sides take turns; without it our own are measured alone. Two random towers of
ViT-B/32's shapes, as the exporter leaves them and in int8: fastembed loads the files, clipseek a bundle of the same files
(``bundle import``), and its own int8 bundle, whose pixels go in as bytes. Files are JPEG
and PNG from 256 x 256 to 3 megapixels on the disk, texts have 8 to 20 tokens, batches 32. fp32 vectors must have a cosine of 0.999
to fastembed's, whose resizing is its own, int8 ones 0.99. Medians over ``--rounds``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from checkpoints import HOME, make_vit_b32
from inputs import BATCH, SIZES, picture_file, short_texts

#: Seconds before each turn: onnxruntime's threads spin for a while after a run, as fastembed leaves them, and take a core along.
SETTLE = 0.1

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
    own = HOME / ".venv-fastembed" / "bin" / "python"
    parser.add_argument("--python", default=str(own) if own.exists() else None, help="interpreter with fastembed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--tiny", action="store_true", help="a model of two layers: whether it runs, not how fast")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    from clipseek.encoder import ClipEncoder
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.graph.int8 import quantize_by_rows
    from clipseek.export.imported.importer import import_bundle
    from clipseek.export.towers import export_towers
    from clipseek.training.model.checkpoint import load_checkpoint

    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        checkpoint = make_vit_b32(home / "checkpoint", options.tiny)
        texts = short_texts(options.count)
        files = [home / f"{at}.picture" for at in range(options.count)]
        for at, path in enumerate(files):
            path.write_bytes(picture_file(SIZES[at % len(SIZES)], at))
        own = export_bundle(str(checkpoint), home / "own", precision="int8", accept_loss=True)
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        for precision in ("fp32", "int8"):
            towers, model = home / f"{precision}-towers", home / precision
            towers.mkdir()
            export_towers(load_checkpoint(str(checkpoint)).model.eval(), towers, 18)
            for name, graph in (("vision", "image.onnx"), ("text", "text.onnx")):
                shutil.copytree(checkpoint, model / name, ignore=shutil.ignore_patterns("*.safetensors"))
                if precision == "int8":
                    quantize_by_rows(towers / graph, model / name / "model.onnx")
                else:
                    shutil.move(towers / graph, model / name / "model.onnx")
            shutil.copytree(checkpoint, model / "both", ignore=shutil.ignore_patterns("*.safetensors"))
            same = import_bundle(
                model / "both",
                home / f"{precision}-bundle",
                image_tower=model / "vision" / "model.onnx",
                text_tower=model / "text" / "model.onnx",
            )
            bundles = {f"clipseek, same {precision}": same} | (
                {"clipseek's own int8": own} if precision == "int8" else {}
            )
            encoders = {name: ClipEncoder(bundle, device="cpu", batch_size=BATCH) for name, bundle in bundles.items()}
            _race(options.python, model, precision, encoders, texts, files, options.rounds)


def _race(
    python: str | None,
    model: Path,
    precision: str,
    encoders: dict[str, Any],
    texts: list[str],
    files: list[Path],
    rounds: int,
) -> None:
    """fastembed on the towers of ``model`` and the ``encoders`` in turns: texts, one query, files."""

    def our_files(encoder: Any) -> np.ndarray:
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
    with contextlib.ExitStack() as stack:
        theirs = stack.enter_context(_fastembed(python, model)) if python else None
        for what, encode in ours.items():
            times: dict[str, list[float]] = {}
            rows: dict[str, np.ndarray] = {}
            for turn in range((rounds if what != "query" else 5 * rounds) + 1):
                took: dict[str, float] = {}
                if theirs:
                    time.sleep(SETTLE)
                    name = f"fastembed, {precision}"
                    took[name], rows[name] = theirs(what, given[what])
                for name, encoder in encoders.items():
                    time.sleep(SETTLE)
                    began = time.perf_counter()
                    rows[name] = encode(encoder)
                    took[name] = time.perf_counter() - began
                for name, seconds in took.items():
                    if turn:  # the first finds its memory
                        times.setdefault(name, []).append(seconds)
            _show(what, len(given[what]), times, rows)


@contextlib.contextmanager
def _fastembed(python: str, model: Path) -> Iterator[Callable[[str, list[str]], tuple[float, np.ndarray]]]:
    """fastembed on the towers of ``model``: what it takes, kind and inputs, and what it gives, seconds and vectors."""
    serve = [python, "-c", SERVE, str(model)]
    quiet = {**os.environ, "HF_HUB_OFFLINE": "1"}
    with subprocess.Popen(serve, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=quiet) as theirs:
        requests, answers = theirs.stdin, theirs.stdout
        assert requests
        assert answers
        assert answers.readline().strip() == "ready", "fastembed did not start"

        def encode(what: str, inputs: list[str]) -> tuple[float, np.ndarray]:
            out = str(model / "rows.npy")
            requests.write(json.dumps({"what": what, "given": inputs, "batch": BATCH, "out": out}) + "\n")
            requests.flush()
            return float(answers.readline()), np.load(out)

        yield encode
        requests.close()


def _show(what: str, count: int, times: dict[str, list[float]], rows: dict[str, np.ndarray]) -> None:
    unit = {name: each / np.linalg.norm(each, axis=1, keepdims=True) for name, each in rows.items()}
    first = next(iter(times))
    base = statistics.median(times[first])
    for name, each in times.items():
        middle = statistics.median(each)
        cosine = float((unit[name] * unit[first]).sum(1).min())
        assert cosine > (0.99 if "int8" in name else 0.999), f"{what}, {name}: cosine {cosine}"
        print(
            f"{count} {what:6} {name:23} {count / middle:8.1f}/s {1000 * middle / count:8.2f} ms each {base / middle:5.2f} x"
            f"  lowest cosine {cosine:.6f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
