"""A CLIPModel as two ONNX graphs, so that a text query never pays for pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from clipseek.files.text import reason_of

from .errors import ExportRefused
from .graph.files import quiet

if TYPE_CHECKING:
    from transformers import CLIPModel

#: File name of each tower in a bundle.
IMAGE, TEXT = "image.onnx", "text.onnx"


def export_towers(model: CLIPModel, folder: Path, opset: int) -> None:
    """Write image.onnx (pixel_values -> image_embeds) and text.onnx (input_ids, attention_mask -> text_embeds).

    Batch and sequence length are free, embeddings are not normalised. A tower above 2 GB has its weights in a file of
    their own beside it. Raises ExportRefused when the exporter cannot do it (an opset it does not know, say).
    """
    with quiet():
        from optimum.exporters.onnx import export
        from optimum.exporters.onnx.model_configs import CLIPTextWithProjectionOnnxConfig, CLIPVisionModelOnnxConfig
        from transformers import CLIPTextModelWithProjection, CLIPVisionModelWithProjection

        class ImageTower(CLIPVisionModelOnnxConfig):  # type: ignore[misc]  # optimum is untyped
            @property
            def inputs(self) -> dict[str, dict[int, str]]:
                return {"pixel_values": {0: "batch"}}

            @property
            def outputs(self) -> dict[str, dict[int, str]]:
                return {"image_embeds": {0: "batch"}}

        class TextTower(CLIPTextWithProjectionOnnxConfig):  # type: ignore[misc]
            @property
            def inputs(self) -> dict[str, dict[int, str]]:
                return {name: {0: "batch", 1: "sequence"} for name in ("input_ids", "attention_mask")}

            @property
            def outputs(self) -> dict[str, dict[int, str]]:
                return {"text_embeds": {0: "batch"}}

        # Shells without memory of their own: they take the model's parts as they are, whatever widths their configs name.
        with torch.device("meta"):
            image = CLIPVisionModelWithProjection(model.config.vision_config)
            text = CLIPTextModelWithProjection(model.config.text_config)
        image.vision_model, image.visual_projection = model.vision_model, model.visual_projection
        text.text_model, text.text_projection = model.text_model, model.text_projection
        for tower, config, name in ((image, ImageTower, IMAGE), (text, TextTower, TEXT)):
            try:
                export(tower.train(False), config(tower.config), folder / name, opset=opset)
            except OSError:
                raise  # a full disk is no fault of the opset
            except Exception as problem:  # torch's exporters raise what they like
                raise ExportRefused(
                    f"{name} cannot be exported with opset {opset} ({reason_of(problem)}); nothing was written; try --opset 18"
                ) from problem
