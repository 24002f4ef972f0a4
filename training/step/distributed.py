"""One process or several, as ``torchrun`` or ``accelerate launch`` start them; alone, every method does nothing.

Each process works on its part of every batch; pictures' and texts' vectors are gathered, so that the loss is that of the
whole batch, and the gradients are summed: the same step as one process takes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor


class GPUs(Protocol):
    """What of ``torch.cuda`` is used here."""

    def is_available(self) -> bool: ...

    def set_device(self, device: torch.device) -> None: ...


class World:
    """``rank`` of ``size`` processes; ``chief`` is the one that writes and reports."""

    def __init__(self, gpus: GPUs = torch.cuda) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        cuda = gpus.is_available()
        self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
        if cuda:
            gpus.set_device(self.device)  # else NCCL and every tensor on "cuda" take the first one in each process
        if self.size > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if cuda else "gloo")

    @property
    def chief(self) -> bool:
        return self.rank == 0

    def part(self, count: int) -> slice:
        """This process's rows of ``count``, which the number of processes divides."""
        each = count // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def gather(self, rows: Tensor) -> Tensor:
        """The (n, D) rows of all processes as (size * n, D), in the order of ranks, without a graph."""
        if self.size == 1:
            return rows.detach()
        parts = [torch.empty_like(rows) for _ in range(self.size)]
        dist.all_gather(parts, rows.detach().contiguous())
        return torch.cat(parts)

    def add_up(self, gradients: Iterable[Tensor | None]) -> None:
        """Replace each gradient by its sum over all processes."""
        if self.size > 1:
            present = [gradient for gradient in gradients if gradient is not None]
            flat = torch.cat([gradient.reshape(-1) for gradient in present])
            dist.all_reduce(flat)
            for gradient, summed in zip(present, flat.split([g.numel() for g in present]), strict=True):
                gradient.copy_(summed.view_as(gradient))

    def agreed(self, value: float) -> float:
        """The chief's value: clocks differ, and all processes must decide alike."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.broadcast(shared, 0)
        return float(shared.item())
