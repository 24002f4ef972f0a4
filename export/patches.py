"""patches.onnx: a vector for each patch of a picture, comparable with a text's, so that a match can be shown in pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.bundle.files import PATCHES
from clipseek.encoder.run.preprocess import normalize
from clipseek.files.text import reason_of
from numpy.typing import NDArray
from torch import Tensor, nn

from .errors import ExportRefused
from .graph.files import quiet
from .parity import MAX_DIFFERENCE
from .samples import Samples

if TYPE_CHECKING:
    from transformers import CLIPModel


class PatchTower(nn.Module):
    """(N, 3, S, S) float32 normalised pixels -> (N, patches, D) float32, not normalised, rows of patches top to bottom.

    The last layer gives each patch its own value and output projection, without mixing it with others by attention, and
    without residual and MLP (MaskCLIP, Zhou et al. 2022, section 3.2). The class token's attention has mixed so much into
    the plain last states that they find the right quarter of four drawings less often than chance (docs/log/heat-map.md).
    """

    def __init__(self, model: CLIPModel) -> None:
        super().__init__()
        self.vision, self.projection = model.vision_model, model.visual_projection

    def forward(self, pixel_values: Tensor) -> Tensor:
        states = self.vision.pre_layrnorm(self.vision.embeddings(pixel_values))
        *layers, last = self.vision.encoder.layers
        for layer in layers:
            states = layer(states, attention_mask=None, causal_attention_mask=None)[0]
        values = last.self_attn.out_proj(last.self_attn.v_proj(last.layer_norm1(states)))
        patches: Tensor = self.projection(self.vision.post_layernorm(values[:, 1:]))
        return patches


def export_patches(model: CLIPModel, folder: Path, opset: int) -> None:
    """Write patches.onnx (pixel_values -> patches_embeds); the batch is free. Raises ExportRefused when it cannot be done."""
    tower = PatchTower(model).train(False)
    size = model.config.vision_config.image_size
    names: dict[str, Any] = {
        "input_names": ["pixel_values"],
        "output_names": ["patches_embeds"],
        "dynamic_axes": {"pixel_values": {0: "batch"}, "patches_embeds": {0: "batch"}},
    }
    try:
        with quiet():
            pixels = torch.zeros(2, 3, size, size)
            torch.onnx.export(tower, (pixels,), str(folder / PATCHES), opset_version=opset, dynamo=False, **names)
    except OSError:
        raise
    except Exception as problem:  # torch's exporter raises what it likes
        raise ExportRefused(f"{PATCHES} cannot be exported ({reason_of(problem)}); nothing was written") from problem


@torch.no_grad()
def check_patches(bundle: Bundle, model: CLIPModel, samples: Samples) -> dict[str, float]:
    """Compare patches.onnx with the model on the samples; the figures for the passport. Raises ExportRefused."""
    encoder = ClipEncoder(bundle, device="cpu", batch_size=7)
    pictures = [encoder.load_picture(data) for data in samples.pictures]
    ours = encoder.embed_patches(pictures)
    spec = bundle.image
    pixels = torch.from_numpy(np.stack([normalize(picture.pixels, spec) for picture in pictures]))
    theirs: NDArray[np.float32] = PatchTower(model.eval())(pixels).numpy().reshape(ours.shape)
    apart = float(np.abs(ours - theirs).max())
    if not apart <= MAX_DIFFERENCE:
        raise ExportRefused(
            f"{PATCHES} differs from the checkpoint by {apart:.2g}, allowed is {MAX_DIFFERENCE:g}; nothing was written"
        )
    return {"patches_max_abs": apart}
