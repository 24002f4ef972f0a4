"""A CLIP of ViT-B/32's shapes with random weights and the demo's tokenizer: real in all that costs time."""

from __future__ import annotations

from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
DEMO_BASE = HOME / "demo" / "data" / "base"


def make_vit_b32(folder: Path) -> Path:
    """Save it (151 M parameters, 224 px, 77 tokens, 512 numbers) unless it is there; returns ``folder``."""
    if (folder / "preprocessor_config.json").exists():
        return folder
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizerFast

    tokenizer = CLIPTokenizerFast.from_pretrained(DEMO_BASE, model_max_length=77)
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = CLIPConfig(text_config={**ends, "pad_token_id": tokenizer.pad_token_id})
    torch.manual_seed(0)
    model = CLIPModel(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    CLIPImageProcessor().save_pretrained(folder)
    return folder
