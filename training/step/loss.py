"""The contrastive losses, with pairs that are right for each other no longer each other's wrong answers."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

# CLIP's own ceiling (Radford et al. 2021, section 2.5): above it the softmax saturates and training becomes unstable.
MAX_LOG_SCALE = math.log(100)


def right_answers(keys: Tensor, share: bool = True) -> Tensor:
    """(N, N) bool: which texts are right for which pictures.

    keys: (N, K) integers, -1 for none; rows that agree in any column are right for each other. Without ``share`` a row
    is right for itself alone, as in CLIP.
    """
    own = torch.eye(len(keys), dtype=torch.bool, device=keys.device)
    if not share:
        return own
    same = torch.zeros_like(own)
    for column in keys.T:  # never (N, N, K) at once
        same |= (column[:, None] == column[None]) & (column >= 0)
    return same | own


# In the place of a logit that is not to count: its exponential is 0, and unlike minus infinity it may be multiplied by 0.
_NOT_COUNTED = -1e4


def contrastive_loss(
    images: Tensor,
    texts: Tensor,
    keys: Tensor,
    log_scale: Tensor,
    share: bool = True,
    fits: Tensor | None = None,
    intra_modal: bool = False,
) -> Tensor:
    """CLIP's symmetric loss: the mean of both directions' cross-entropy; a scalar.

    images, texts: (N, D) float32 unit rows. keys as in ``right_answers``. log_scale: a scalar. The target of a row is
    shared evenly by all that are right for it: a picture's own caption, standing under another picture too, is not
    pushed away from it. ``fits``: (N, N) bool, texts (columns) that are no wrong answers for a picture (row), nor right ones.
    ``intra_modal``: the other pictures are a picture's wrong answers too, and the other texts a text's, as NT-Xent takes
    all that a batch has (Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations").
    """
    scale = log_scale.clamp(max=MAX_LOG_SCALE).exp()
    right = right_answers(keys, share)
    logits = scale * images @ texts.T
    no_answer = right if fits is None else fits | right
    if fits is not None:
        logits = logits.masked_fill(no_answer & ~right, _NOT_COUNTED)
    target = right.to(logits.dtype)
    target = target / target.sum(1, keepdim=True)
    sides = []
    for answers, own, skipped in ((logits, images, right), (logits.T, texts, no_answer | no_answer.T)):
        if intra_modal:
            among = (scale * own @ own.T).masked_fill(skipped, _NOT_COUNTED)
            sides.append(
                functional.cross_entropy(torch.cat([answers, among], 1), functional.pad(target, (0, len(own))))
            )
        else:
            sides.append(functional.cross_entropy(answers, target))
    return (sides[0] + sides[1]) / 2


def sigmoid_loss(
    images: Tensor,
    texts: Tensor,
    keys: Tensor,
    log_scale: Tensor,
    bias: Tensor,
    share: bool = True,
    fits: Tensor | None = None,
) -> Tensor:
    """SigLIP's loss (Zhai et al. 2023, algorithm 1): every pair of the batch judged on its own, summed over a row's, then
    the mean over rows; a scalar. Arguments as above; ``bias`` a scalar, added to the logits."""
    logits = log_scale.clamp(max=MAX_LOG_SCALE).exp() * images @ texts.T + bias
    right = right_answers(keys, share)
    terms = functional.logsigmoid((right.to(logits.dtype) * 2 - 1) * logits)
    return -(terms if fits is None else terms.masked_fill(fits & ~right, 0.0)).sum(1).mean()


def balancing_bias(images: Tensor, texts: Tensor, keys: Tensor, log_scale: Tensor, share: bool = True) -> float:
    """The bias at which a batch's mean probability is its share of right answers.

    SigLIP begins at -10 for a fresh model; a model that is tuned has a temperature already, and from any other start the
    first steps would do nothing but move the bias.
    """
    with torch.no_grad():
        logits = log_scale.clamp(max=MAX_LOG_SCALE).exp() * images @ texts.T
        wanted = right_answers(keys, share).float().mean()
        low, high = -200.0, 200.0
        for _ in range(40):  # the mean rises with the bias
            middle = (low + high) / 2
            if torch.sigmoid(logits + middle).mean() < wanted:
                low = middle
            else:
                high = middle
    return middle
