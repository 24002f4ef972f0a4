"""LoRA (Hu et al. 2021, "LoRA: Low-rank adaptation of large language models"): a matrix W learns as W + s B A, where A has few rows
and B few columns.

The model's own matrices hold the sum all the time. So every forward pass, the quick one of forward.py included, sees an ordinary
CLIP, and so does every checkpoint. The gradient of W gives those of A and B by the chain rule, s B^T dW and s dW A^T, and is then
dropped. The numbers are peft's, up to rounding, which a test compares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import nn

#: s is this over the rank, so that one learning rate suits every rank (Schulman et al. 2025, "LoRA without regret").
ALPHA = 32.0


class LowRank(nn.Module):
    """Pairs A ``down`` (rank, in) and B ``up`` (out, rank) of ``matrices``, each (out, in) float32; A begins at random, B at zero.

    From then on the gradient of a matrix lands at its pair, and the matrix itself has none.
    """

    def __init__(self, matrices: Mapping[str, nn.Parameter], rank: int) -> None:
        super().__init__()
        self.names = list(matrices)
        self._matrices = list(matrices.values())
        self._scale = ALPHA / rank
        self._start = [matrix.detach().clone() for matrix in self._matrices]
        self.down, self.up = nn.ParameterList(), nn.ParameterList()
        for matrix in self._matrices:
            down = torch.empty(rank, matrix.shape[1])
            nn.init.kaiming_uniform_(down, a=math.sqrt(5))  # as peft has it
            self.down.append(nn.Parameter(down.to(matrix.device)))
            self.up.append(nn.Parameter(torch.zeros(matrix.shape[0], rank, device=matrix.device)))
        for at, matrix in enumerate(self._matrices):
            matrix.register_post_accumulate_grad_hook(lambda _, at=at: self._take(at))

    def merge(self) -> None:
        """Write W + s B A into every matrix."""
        with torch.no_grad():
            for matrix, start, down, up in zip(self._matrices, self._start, self.down, self.up, strict=True):
                torch.addmm(start, up, down, alpha=self._scale, out=matrix.data)

    def _take(self, at: int) -> None:
        matrix, down, up = self._matrices[at], self.down[at], self.up[at]
        gradient = matrix.grad
        assert gradient is not None
        matrix.grad = None
        with torch.no_grad():
            for own, found in ((down, up.T @ gradient), (up, gradient @ down.T)):
                found *= self._scale
                own.grad = found if own.grad is None else own.grad.add_(found)
