"""The symmetric contrastive loss of CLIP, with pairs that are right for each other no longer each other's negatives."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

# CLIP's own ceiling (Radford et al. 2021, section 2.5): above it the softmax saturates and training becomes unstable.
MAX_LOG_SCALE = math.log(100)


def contrastive_loss(images: Tensor, texts: Tensor, keys: Tensor, log_scale: Tensor) -> Tensor:
    """Mean of both directions' cross-entropy; a scalar.

    images, texts: (N, D) float32 unit rows. keys: (N, K) integers, -1 for none; rows that agree in any column are right
    for each other. log_scale: a scalar. The target of a row is shared evenly by all that are right for it: a picture's
    own caption, standing under another picture too, is not pushed away from it.
    """
    logits = log_scale.clamp(max=MAX_LOG_SCALE).exp() * images @ texts.T
    same = ((keys[:, None] == keys[None]) & (keys >= 0)[:, None]).any(-1) | torch.eye(
        len(keys), dtype=torch.bool, device=keys.device
    )
    target = same.to(logits.dtype)
    target = target / target.sum(1, keepdim=True)
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2
