"""Which weights learn, how fast and with how much decay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from .config import TrainConfig

if TYPE_CHECKING:
    from transformers import CLIPModel

_LAYER = re.compile(r"^(vision|text)_model\.encoder\.layers\.(\d+)\.")
_TOWERS = {"image": ("vision",), "text": ("text",), "both": ("vision", "text"), "none": ()}


def depths(model: CLIPModel) -> dict[str, tuple[str, int, int]]:
    """Parameter name -> (tower, its place from the bottom, the place of that tower's top).

    Embeddings are at 0, layer i at i + 1, what comes after the last layer at the top; so are the projections and the
    temperature, whose tower is "".
    """
    towers = {"vision": model.vision_model.encoder.layers, "text": model.text_model.encoder.layers}
    found: dict[str, tuple[str, int, int]] = {}
    for name, _ in model.named_parameters():
        tower = name.partition("_model.")[0]
        if tower not in towers:
            found[name] = ("", 0, 0)
            continue
        top = len(towers[tower]) + 1
        layer = _LAYER.match(name)
        below = "embeddings" in name or "pre_layrnorm" in name
        found[name] = (tower, int(layer[2]) + 1 if layer else 0 if below else top, top)
    return found


def lock(model: CLIPModel, config: TrainConfig) -> int:
    """Take what ``config.lock`` names out of training, but for the last ``unlock_layers`` layers and what comes after
    them. Returns how many parameters still learn."""
    locked = _TOWERS[config.lock]
    learning = 0
    places = depths(model)
    for name, parameter in model.named_parameters():
        tower, place, top = places[name]
        free = tower not in locked or (config.unlock_layers > 0 and place >= top - config.unlock_layers)
        parameter.requires_grad_(free)
        learning += parameter.numel() if free else 0
    return learning


def make_optimizer(model: CLIPModel, config: TrainConfig, extra: nn.Module) -> torch.optim.AdamW:
    """AdamW over all that learns, the objective's own parameters (``extra``) included; each group's "factor" is its share
    of the learning rate.

    Matrices decay; biases, norms and the temperature do not: pulling those to zero has no meaning. Nor do embeddings: a
    token that a domain never uses would fade away.
    """
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    places = depths(model)
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        _, place, top = places[name]
        decays = parameter.ndim >= 2 and "embedding" not in name
        groups.setdefault((config.layer_decay ** (top - place), decays), []).append(parameter)
    if own := [parameter for parameter in extra.parameters() if parameter.requires_grad]:
        groups.setdefault((1.0, False), []).extend(own)
    listed: list[dict[str, Any]] = [
        {"params": parameters, "factor": factor, "weight_decay": config.weight_decay if decays else 0.0}
        for (factor, decays), parameters in groups.items()
    ]
    return torch.optim.AdamW(listed, lr=config.learning_rate, betas=config.betas, eps=config.epsilon, fused=True)
