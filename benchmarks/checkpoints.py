"""CLIPs with random weights and the demo's tokenizer: real in all that costs time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
DEMO_BASE = HOME / "demo" / "data" / "base"
DEMO_BUNDLE = HOME / "demo" / "data" / "tuned"

#: Two layers, 32 px: for runs that only show that everything still runs.
TINY_TOWER = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}


def make_vit_b32(folder: Path, tiny: bool = False) -> Path:
    """Save a random CLIP of ViT-B/32's shapes (151 M parameters, 224 px, 77 tokens, 512 numbers), or a ``tiny`` one (32 px, 48
    numbers), unless it is there; returns ``folder``.
    """
    if (folder / "preprocessor_config.json").exists():
        return folder
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizerFast

    tokenizer = CLIPTokenizerFast.from_pretrained(DEMO_BASE, model_max_length=77)
    text: dict[str, Any] = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    text["pad_token_id"] = tokenizer.pad_token_id
    more: dict[str, Any] = {}
    if tiny:
        text |= {**TINY_TOWER, "vocab_size": len(tokenizer)}
        more = {"vision_config": {**TINY_TOWER, "image_size": 32, "patch_size": 8}, "projection_dim": 48}
    torch.manual_seed(0)
    CLIPModel(CLIPConfig(text_config=text, **more)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    edge = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}} if tiny else {}
    CLIPImageProcessor(**edge).save_pretrained(folder)
    return folder
