"""A checkpoint to a bundle: two ONNX graphs by optimum, proven against the checkpoint, written whole or not at all."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from clipseek.encoder.bundle import Bundle, write_passport
from PIL import Image

from .errors import ExportRefused, TrainingError
from .model import Checkpoint, load_checkpoint
from .parity import check_parity

OPSET = 18


def export_bundle(
    checkpoint_name: str,
    out: Path,
    *,
    storage: str = "fp32",
    pictures: Sequence[Image.Image] = (),
    captions: Sequence[str] = (),
    force: bool = False,
) -> Bundle:
    """Export the CLIP ``checkpoint_name`` (folder or hub id) to a bundle folder ``out``.

    ``storage`` fp16 halves the files: weights are stored as float16 and computed with in float32. ``pictures`` and ``captions``
    are what parity is checked on. Raises ExportRefused (and writes nothing) when the vectors differ, TrainingError when ``out``
    is there already and ``force`` is not given, ModelUnavailable when there is no such checkpoint.
    """
    if out.exists() and not force:
        raise TrainingError(f"{out} is there already; choose another folder, or replace it with --force")
    if out.exists() and any(out.iterdir()) and not (out / "clipseek.json").is_file():
        raise TrainingError(f"{out} is there and is no bundle; choose another folder")
    checkpoint = load_checkpoint(checkpoint_name)
    checkpoint.model.eval()
    original = None
    if storage == "fp16":
        original = load_checkpoint(checkpoint_name)
        original.model.eval()
        with torch.no_grad():
            for parameter in checkpoint.model.parameters():
                parameter.copy_(parameter.half().float())
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
        part = Path(name) / "bundle"
        part.mkdir()
        _export_towers(checkpoint, part)
        if storage == "fp16":
            for file in ("image.onnx", "text.onnx"):
                _store_as_fp16(part / file)
        checkpoint.tokenizer.backend_tokenizer.save(str(part / "tokenizer.json"))
        facts = _facts(checkpoint, storage)
        write_passport(part, facts)
        parity = check_parity(checkpoint, Bundle.load(part), pictures, captions)
        if original is not None:
            loss = check_parity(original, Bundle.load(part), pictures, captions, limit=None)
            parity["before_rounding"] = loss
        write_passport(part, {**facts, "parity": parity})
        if out.exists():
            shutil.rmtree(out)
        part.rename(out)
    return Bundle.load(out)


def _facts(checkpoint: Checkpoint, storage: str) -> dict[str, Any]:
    provenance: dict[str, Any] = {"checkpoint": checkpoint.origin}
    record = Path(checkpoint.origin) / "clipseek_training.json"
    if record.is_file():
        provenance.update(json.loads(record.read_text("utf-8")))
    tokenizer, spec = checkpoint.tokenizer, checkpoint.image
    return {
        "dimension": int(checkpoint.model.config.projection_dim),
        "image": {
            "size": spec.size,
            "resize": "shortest_edge",
            "crop": "center",
            "mean": list(spec.mean),
            "std": list(spec.std),
            "interpolation": spec.interpolation,
            "background": list(spec.background),
        },
        "text": {
            "context_length": checkpoint.context_length,
            "pad_id": int(tokenizer.pad_token_id),
            "eos_id": int(tokenizer.eos_token_id),
        },
        "precision": "fp32",
        "storage": storage,
        "logit_scale": float(checkpoint.model.logit_scale.detach().exp()),
        "provenance": provenance,
        "parity": {},
    }


def _export_towers(checkpoint: Checkpoint, folder: Path) -> None:
    from optimum.exporters.onnx import export
    from optimum.exporters.onnx.model_configs import CLIPTextWithProjectionOnnxConfig, CLIPVisionModelOnnxConfig
    from transformers import CLIPTextModelWithProjection, CLIPVisionModelWithProjection

    class ImageTower(CLIPVisionModelOnnxConfig):  # type: ignore[misc]  # optimum is untyped
        @property
        def outputs(self) -> dict[str, dict[int, str]]:
            return {"image_embeds": {0: "batch_size"}}

    class TextTower(CLIPTextWithProjectionOnnxConfig):  # type: ignore[misc]
        @property
        def inputs(self) -> dict[str, dict[int, str]]:
            axes = {0: "batch_size", 1: "sequence_length"}
            return {"input_ids": axes, "attention_mask": axes}

        @property
        def outputs(self) -> dict[str, dict[int, str]]:
            return {"text_embeds": {0: "batch_size"}}

    model = checkpoint.model
    # The towers' own configs may name another width: CLIPModel projects to the one of the whole.
    for part in (model.config.vision_config, model.config.text_config):
        part.projection_dim = model.config.projection_dim
    vision = CLIPVisionModelWithProjection(model.config.vision_config)
    vision.load_state_dict(
        {**model.vision_model.state_dict(prefix="vision_model."), **_projection(model, "visual_projection")}
    )
    text = CLIPTextModelWithProjection(model.config.text_config)
    text.load_state_dict({**model.text_model.state_dict(prefix="text_model."), **_projection(model, "text_projection")})
    with _quiet():
        for tower, config, name in ((vision, ImageTower, "image.onnx"), (text, TextTower, "text.onnx")):
            tower.config._attn_implementation = "eager"
            tower.train(False)
            export(tower, config(tower.config), folder / name, opset=OPSET)


def _projection(model: Any, name: str) -> dict[str, Any]:
    return {f"{name}.weight": getattr(model, name).weight}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporters talk a lot; what matters of it is checked afterwards, by parity."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _store_as_fp16(path: Path) -> None:
    """Big float32 weights of the graph at ``path`` become float16 with a Cast back in front of their users."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        halves = values.astype(np.float16)
        if values.size < 256 or not np.array_equal(halves.astype(np.float32), values):
            continue  # small, or made by the exporter: only what was rounded before is stored as rounded
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(halves, f"{name}.fp16"))
        casts.append(helper.make_node("Cast", [f"{name}.fp16"], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


__all__ = ["ExportRefused", "export_bundle"]
