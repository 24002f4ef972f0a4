"""What fusing attention at export is worth, beside onnxruntime's own optimisers: ``python benchmarks/fusion.py``.

Four graphs of each tower take turns: as exported (onnxruntime still optimises it when it opens it), with our fused
attention, with that and SkipLayerNormalization by onnxruntime's offline optimiser, and the offline optimiser alone.
Vectors must be equal to 1e-4. ``--checkpoint`` names another CLIP than a random one of ViT-B/32's shapes.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import statistics
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from checkpoints import make_vit_b32

FUSED = ("MultiHeadAttention", "Attention", "QuickGelu", "LayerNormalization", "SkipLayerNormalization", "FusedMatMul")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", help="folder of a CLIP")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tiny", action="store_true", help="a model of two layers: whether it runs, not how fast")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)

    from clipseek.encoder.device.session import open_session
    from clipseek.export.graph.fuse import fuse_attention
    from clipseek.export.towers import export_towers
    from clipseek.training.model.checkpoint import load_checkpoint

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        loaded = load_checkpoint(options.checkpoint or str(make_vit_b32(folder / "checkpoint", options.tiny)))
        export_towers(loaded.model.eval(), folder, 18)
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        for tower in ("image", "text"):
            config = loaded.model.config.vision_config if tower == "image" else loaded.model.config.text_config
            plain, ours = folder / f"{tower}.onnx", folder / f"{tower}.fused.onnx"
            shutil.copyfile(plain, ours)
            assert fuse_attention(ours, config.num_attention_heads, causal=tower == "text") == config.num_hidden_layers
            graphs = {
                "as exported": plain,
                "fused": ours,
                "fused + skip norm": _offline(ours),
                "offline optimiser": _offline(plain),
            }
            sessions = {}
            for name, path in graphs.items():
                sessions[name] = open_session(path, "cpu")
                print(f"{tower:5}  {name:18}  {_fused_nodes(path)}")
            for batch in (32, 1):
                given = _inputs(tower, batch, config)
                expected = sessions["as exported"].run(None, given)[0]
                times: dict[str, list[float]] = {name: [] for name in sessions}
                for turn in range(options.rounds * (1 if batch > 1 else 8)):
                    for name, session in sessions.items():
                        wanted = {entry.name: given[entry.name] for entry in session.get_inputs()}
                        started = time.perf_counter()
                        rows = session.run(None, wanted)[0]
                        if turn:
                            times[name].append(time.perf_counter() - started)
                        assert np.abs(rows - expected).max() < 1e-4, name
                base = statistics.median(times["as exported"])
                for name, each in times.items():
                    middle = statistics.median(each)
                    print(f"{tower:5}  batch {batch:2}  {name:18}  {1000 * middle:8.2f} ms  {base / middle:.2f} x")


def _offline(path: Path) -> Path:
    """The graph after onnxruntime's offline optimiser for CLIP."""
    from onnxruntime.transformers.optimizer import optimize_model

    out = path.with_suffix(".offline.onnx")
    optimize_model(str(path), model_type="clip", num_heads=0, hidden_size=0, opt_level=0).save_model_to_file(str(out))
    return out


def _fused_nodes(path: Path) -> str:
    """Operators of the graph once the session has optimised it too."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(path.with_suffix(".session.onnx"))
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    graph = onnx.load(options.optimized_model_filepath).graph
    counts = Counter(node.op_type for node in graph.node)
    return f"{sum(counts.values())} nodes: " + ", ".join(f"{counts[name]} {name}" for name in FUSED if counts[name])


def _inputs(tower: str, batch: int, config: object) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    if tower == "image":
        size = config.image_size  # type: ignore[attr-defined]
        return {"pixel_values": rng.standard_normal((batch, 3, size, size)).astype(np.float32)}
    ids = rng.integers(300, 16000, (batch, 12))
    ids[:, -1] = config.eos_token_id  # type: ignore[attr-defined]
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


if __name__ == "__main__":
    main()
