"""Random views of pictures, cheap enough to vanish beside the model; captions' are in caption_forms.py."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Views:
    """The random view of each of N pictures: ``theta`` (N, 2, 3) as affine_grid takes it, ``contrast`` (N, 1, 1, 1)."""

    theta: Tensor
    contrast: Tensor

    def of(self, pixels: Tensor, start: int = 0) -> Tensor:
        """(M, 3, S, S) float in 0..1, pictures ``start`` to ``start + M`` -> their views."""
        rows = slice(start, start + len(pixels))
        grid = functional.affine_grid(self.theta[rows].to(pixels.device), list(pixels.shape), align_corners=False)
        views = functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
        return ((views - 0.5) * self.contrast[rows].to(pixels.device) + 0.5).clamp(0, 1)


def draw_views(count: int, generator: torch.Generator, kind: str = "natural") -> Views:
    """Each picture shifted, scaled and brightened a little. What comes in from outside repeats the border.

    ``kind``: natural ones are never mirrored, for arrows, letters, left and right mean something; nor are those of radiology, which
    move less and vary more in brightness, as exposures do. Those of a satellite have no up: they are turned by right angles and
    mirrored too.
    """

    def uniform(low: float, high: float, width: int) -> Tensor:
        return torch.rand(count, width, generator=generator) * (high - low) + low

    still = kind == "radiology"
    zoom = torch.exp(uniform(-0.07, 0.1, 1) if still else uniform(-0.15, 0.2, 1))
    shift = uniform(-0.04, 0.04, 2) if still else uniform(-0.08, 0.08, 2)
    zeros = torch.zeros(count, 1)
    theta = torch.cat([zoom, zeros, shift[:, :1], zeros, zoom, shift[:, 1:]], 1).view(count, 2, 3)
    contrast = (uniform(0.7, 1.2, 1) if still else uniform(0.8, 1.1, 1)).view(count, 1, 1, 1)
    if kind == "satellite":
        which = torch.randint(0, 8, (count,), generator=generator)
        theta = torch.tensor(_TURNS)[which].float() @ theta
    return Views(theta, contrast)


#: The eight ways in which a square lies on itself.
_TURNS = [[[a, 0], [0, b]] for a in (1, -1) for b in (1, -1)] + [[[0, a], [b, 0]] for a in (1, -1) for b in (1, -1)]


def words_of(caption: str) -> frozenset[str]:
    """Its words in lower case, in no order."""
    return frozenset(_WORD.findall(caption.lower()))
