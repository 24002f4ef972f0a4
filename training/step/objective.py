"""What training makes small: one of the losses, with the parameters of its own that it needs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..config import TrainConfig
from .loss import balancing_bias, contrastive_loss, sigmoid_loss


class Objective(nn.Module):
    """(N, D) pictures and texts, (N, K) keys, the log of the temperature and, where given, (N, N) ``fits`` as in
    ``contrastive_loss`` -> the loss, a scalar."""

    begun: Tensor  # bool: whether the sigmoid's bias has found its place

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self._share, self._sigmoid = config.share_targets, config.loss == "sigmoid"
        self._intra_modal = config.intra_modal
        self.bias = nn.Parameter(torch.zeros(()), requires_grad=self._sigmoid)
        self.register_buffer("begun", torch.tensor(False))

    def forward(
        self, images: Tensor, texts: Tensor, keys: Tensor, log_scale: Tensor, fits: Tensor | None = None
    ) -> Tensor:
        if not self._sigmoid:
            return contrastive_loss(images, texts, keys, log_scale, self._share, fits, self._intra_modal)
        if not self.begun:
            with torch.no_grad():
                self.bias.fill_(balancing_bias(images, texts, keys, log_scale, self._share))
            self.begun = torch.ones_like(self.begun)
        return sigmoid_loss(images, texts, keys, log_scale, self.bias, self._share, fits)
