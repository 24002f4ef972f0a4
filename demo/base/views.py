"""Random views of pictures and captions, so that a few ten thousand drawings last for hundreds of epochs."""

from __future__ import annotations

import random

import torch
from torch import Tensor
from torch.nn import functional

LINES = 0.12  # the share of views that are shown as outlines alone


def caption_variants(caption: str, count: int, rng: random.Random) -> list[str]:
    """``count`` readings of "title: tag, tag": all of it, the title alone, the title with some tags, tags alone."""
    title, _, rest = caption.partition(": ")
    tags = [tag for tag in rest.split(", ") if tag]
    variants = [caption, title]
    while len(variants) < count:
        chosen = rng.sample(tags, min(len(tags), rng.randint(1, 4))) if tags else []
        kind = rng.random()
        if not chosen or kind < 0.2:
            variants.append(title)
        elif kind < 0.65:
            variants.append(f"{title}: {', '.join(chosen)}")
        elif kind < 0.8:
            variants.append(" ".join([title, *chosen[:1]]))
        else:
            variants.append(", ".join(chosen))
    return variants


def random_views(pictures: Tensor, size: int, strength: float = 1.0) -> Tensor:
    """(N, 3, H, W) uint8 -> (N, 3, size, size) float in 0..1: turned, scaled, shifted, tinted.

    Never mirrored: arrows mean something.
    """
    count, device = len(pictures), pictures.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(shape or (count,), device=device) * (high - low) + low

    angle = uniform(-0.22, 0.22) * strength
    zoom = torch.exp(uniform(-0.15, 0.35) * strength)  # > 1 shows the picture smaller
    squeeze = torch.exp(uniform(-0.12, 0.12) * strength)
    shift = uniform(-0.1, 0.1, count, 2) * strength
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    theta = torch.stack([cos * squeeze, -sin, shift[:, 0], sin, cos / squeeze, shift[:, 1]], 1).view(count, 2, 3)
    grid = functional.affine_grid(theta, [count, 3, size, size], align_corners=False)
    # Drawings stand on white: sampling 1 - x with zero padding keeps the surroundings white.
    views = 1 - functional.grid_sample(1 - pictures.float() / 255, grid, align_corners=False, padding_mode="zeros")
    contrast = uniform(0.7, 1.2, count, 1, 1, 1)
    gain = uniform(0.85, 1.1, count, 3, 1, 1)
    tinted = ((views - 0.5) * contrast + 0.5) * gain
    grey = views.mean(1, keepdim=True)
    choice = torch.rand(count, 1, 1, 1, device=device)
    tinted = torch.where(choice < 0.08, grey.expand_as(views), tinted)
    views = torch.where(choice > 0.6, views, tinted).clamp(0, 1)
    drawn = choice.flatten() < LINES
    views[drawn] = line_art(views[drawn])
    return views


def line_art(views: Tensor) -> Tensor:
    """(N, 3, H, W) in 0..1 -> the same drawings as dark outlines on white: a model of colours learns shapes too."""
    padded = functional.pad(views, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]).abs().amax(1, keepdim=True)
    along = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]).abs().amax(1, keepdim=True)
    return (1 - 1.5 * (across**2 + along**2).sqrt()).clamp(0, 1).expand_as(views)


def recolour(pictures: Tensor, seed: int = 7) -> Tensor:
    """(N, 3, H, W) uint8 -> other pictures: mirrored, channels exchanged, half of them on paper of another colour."""
    generator = torch.Generator().manual_seed(seed)
    orders = torch.tensor([[1, 2, 0], [2, 0, 1], [0, 2, 1], [2, 1, 0], [1, 0, 2], [0, 1, 2]])
    result = torch.empty_like(pictures)
    for first in range(0, len(pictures), 256):
        part = pictures[first : first + 256].flip(-1)
        order = orders[torch.randint(len(orders), (len(part),), generator=generator)]
        part = part.gather(1, order[:, :, None, None].expand_as(part))
        shade = torch.rand(len(part), 3, 1, 1, generator=generator) * torch.rand(
            len(part), 1, 1, 1, generator=generator
        )
        paper = ((1 - 0.9 * shade) * 255).byte()
        swap = (part.amin(1, keepdim=True) > 250) & (torch.rand(len(part), 1, 1, 1, generator=generator) < 0.5)
        result[first : first + 256] = torch.where(swap, paper.expand_as(part), part)
    return result


def clean_views(pictures: Tensor, size: int) -> Tensor:
    """(N, 3, H, W) uint8 -> (N, 3, size, size) float in 0..1, resized as Pillow does (bicubic with antialiasing)."""
    floats = pictures.float() / 255
    if pictures.shape[-1] == size:
        return floats
    return functional.interpolate(floats, size=(size, size), mode="bicubic", antialias=True).clamp(0, 1)
