"""The symmetric contrastive loss of CLIP, with equal captions no longer each other's negatives."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

# CLIP's own ceiling (Radford et al. 2021, section 2.5): above it the softmax saturates and training becomes unstable.
MAX_LOG_SCALE = math.log(100)


def contrastive_loss(images: Tensor, texts: Tensor, groups: Tensor, log_scale: Tensor) -> Tensor:
    """Mean of both directions' cross-entropy; a scalar.

    ``images`` and ``texts`` (N, D) unit rows, ``groups`` (N,) integers, ``log_scale`` a scalar. The target of a row is shared
    evenly by the row's whole group: a picture's own caption, standing under another picture too, is not pushed away from it.
    """
    logits = log_scale.clamp(max=MAX_LOG_SCALE).exp() * images @ texts.T
    same = (groups[:, None] == groups[None]).to(logits.dtype)
    target = same / same.sum(1, keepdim=True)
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def groups_to_numbers(groups: list[str]) -> Tensor:
    """Equal strings, equal integers: (N,) int64."""
    numbers: dict[str, int] = {}
    return torch.tensor([numbers.setdefault(group, len(numbers)) for group in groups])
