"""The contrastive losses; pairs that are right for each other are not each other's negatives."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..config import TrainConfig


def positives(keys: Tensor, share: bool = True) -> Tensor:
    """(N, N) bool: which texts (columns) are right for which pictures (rows).

    keys: (N, K) integers, -1 for none; rows that agree in any column are each other's positives. Without ``share`` a row
    has itself alone, as in CLIP.
    """
    own = torch.eye(len(keys), dtype=torch.bool, device=keys.device)
    if not share:
        return own
    same = torch.zeros_like(own)
    for column in keys.T:  # never (N, N, K) at once
        same |= (column[:, None] == column[None]) & (column >= 0)
    return same | own


# Replaces a logit that does not count: its exponential is 0, and unlike minus infinity it may be multiplied by 0.
_MASKED = -1e4


def contrastive_loss(
    images: Tensor,
    texts: Tensor,
    keys: Tensor,
    log_scale: Tensor,
    share: bool = True,
    ignored: Tensor | None = None,
    intra_modal: bool = False,
) -> Tensor:
    """CLIP's symmetric loss: the mean of both directions' cross-entropy; a scalar.

    images, texts: (N, D) float32 unit rows. keys as in ``positives``. log_scale: a scalar. The target of a row is shared
    evenly by its positives: a picture is not pushed away from its caption where that stands under another picture too.
    ``ignored``: (N, N) bool, texts (columns) that are neither positives nor negatives of a picture (row).
    ``intra_modal``: adds the other pictures to a picture's negatives, and the other texts to a text's, as NT-Xent takes all
    that a batch has (Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations").
    """
    scale = log_scale.exp()
    positive = positives(keys, share)
    logits = scale * images @ texts.T
    no_negative = positive if ignored is None else ignored | positive
    if ignored is not None:
        logits = logits.masked_fill(no_negative & ~positive, _MASKED)
    target = positive.to(logits.dtype)
    target = target / target.sum(1, keepdim=True)
    directions = []
    for across, rows, masked in ((logits, images, positive), (logits.T, texts, no_negative | no_negative.T)):
        if intra_modal:
            among = (scale * rows @ rows.T).masked_fill(masked, _MASKED)
            directions.append(
                functional.cross_entropy(torch.cat([across, among], 1), functional.pad(target, (0, len(rows))))
            )
        else:
            directions.append(functional.cross_entropy(across, target))
    return (directions[0] + directions[1]) / 2


def sigmoid_loss(
    images: Tensor,
    texts: Tensor,
    keys: Tensor,
    log_scale: Tensor,
    bias: Tensor,
    share: bool = True,
    ignored: Tensor | None = None,
) -> Tensor:
    """SigLIP's loss (Zhai et al. 2023, algorithm 1): a binary loss of every pair of the batch, summed over each row, then
    the mean over rows; a scalar. Arguments as above; ``bias`` a scalar, added to the logits."""
    logits = log_scale.exp() * images @ texts.T + bias
    positive = positives(keys, share)
    terms = functional.logsigmoid((positive.to(logits.dtype) * 2 - 1) * logits)
    return -(terms if ignored is None else terms.masked_fill(ignored & ~positive, 0.0)).sum(1).mean()


def balancing_bias(images: Tensor, texts: Tensor, keys: Tensor, log_scale: Tensor, share: bool = True) -> float:
    """The bias at which a batch's mean probability is its share of positives.

    SigLIP begins at -10 for a fresh model; one that is fine-tuned has a temperature already, and from any other start the
    first steps would do nothing but move the bias.
    """
    with torch.no_grad():
        logits = log_scale.exp() * images @ texts.T
        wanted = positives(keys, share).float().mean()
        low, high = -200.0, 200.0
        for _ in range(40):  # the mean rises with the bias
            middle = (low + high) / 2
            if torch.sigmoid(logits + middle).mean() < wanted:
                low = middle
            else:
                high = middle
    return middle


class Objective(nn.Module):
    """The loss that a config names, with the parameters of its own that it needs.

    images, texts: (N, D) unit rows. keys: (N, K). log_scale: the log of the inverse temperature. ignored: (N, N) bool as in
    ``contrastive_loss``. Gives a scalar.
    """

    begun: Tensor  # bool: whether the sigmoid's bias was set from a first batch

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self._share, self._sigmoid = config.share_targets, config.loss == "sigmoid"
        self._intra_modal = config.intra_modal
        self._max_log_scale = math.log(config.max_scale) if config.max_scale else math.inf
        self.bias = nn.Parameter(torch.zeros(()), requires_grad=self._sigmoid)
        self.register_buffer("begun", torch.tensor(False))

    def forward(
        self, images: Tensor, texts: Tensor, keys: Tensor, log_scale: Tensor, ignored: Tensor | None = None
    ) -> Tensor:
        log_scale = log_scale.clamp(max=self._max_log_scale)
        if not self._sigmoid:
            return contrastive_loss(images, texts, keys, log_scale, self._share, ignored, self._intra_modal)
        if not self.begun:
            with torch.no_grad():
                self.bias.fill_(balancing_bias(images, texts, keys, log_scale, self._share))
            self.begun = torch.ones_like(self.begun)
        return sigmoid_loss(images, texts, keys, log_scale, self.bias, self._share, ignored)
