"""Which weights are trained, at what learning rate and weight decay."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ..config import TrainConfig
from .low_rank import LowRank

if TYPE_CHECKING:
    from transformers import CLIPModel

_LAYER = re.compile(r"^(vision|text)_model\.encoder\.layers\.(\d+)\.")
MUON_MOMENTUM = 0.95  # the authors' own
#: Above so many parameters a base is taken for one that AdamW trained on hundreds of millions of pairs.
LARGE = 50_000_000
_TOWERS = {"image": ("vision",), "text": ("text",), "both": ("vision", "text"), "none": ()}


def depths(model: CLIPModel) -> dict[str, tuple[str, int, int]]:
    """Parameter name -> (tower, its place from the bottom, the place of that tower's top).

    Embeddings are at 0, layer i at i + 1, what comes after the last layer at the top; so are the projections and the
    temperature, whose tower is "".
    """
    towers = {"vision": model.vision_model.encoder.layers, "text": model.text_model.encoder.layers}
    places: dict[str, tuple[str, int, int]] = {}
    for name, _ in model.named_parameters():
        tower = name.partition("_model.")[0]
        if tower not in towers:
            places[name] = ("", 0, 0)
            continue
        top = len(towers[tower]) + 1
        layer = _LAYER.match(name)
        below = "embeddings" in name or "pre_layrnorm" in name
        places[name] = (tower, int(layer[2]) + 1 if layer else 0 if below else top, top)
    return places


def lock(model: CLIPModel, config: TrainConfig) -> int:
    """Take the towers that ``config.lock`` names out of training, but for their last ``unlock_layers`` layers and what comes
    after them. Returns the number of parameters that are trained."""
    locked = _TOWERS[config.lock]
    learning = 0
    places = depths(model)
    for name, parameter in model.named_parameters():
        tower, place, top = places[name]
        free = tower not in locked or (config.unlock_layers > 0 and place >= top - config.unlock_layers)
        parameter.requires_grad_(free)
        learning += parameter.numel() if free else 0
    return learning


def low_rank_matrices(model: CLIPModel) -> dict[str, nn.Parameter]:
    """Of what ``lock`` left to train, the matrices of the layers and the projections, by name, which learn as low-rank pairs; all
    else but the temperature is taken out of training."""
    chosen: dict[str, nn.Parameter] = {}
    for name, parameter in model.named_parameters():
        inside = _LAYER.match(name) is not None or name.endswith("_projection.weight")
        if parameter.requires_grad and parameter.ndim == 2 and inside:
            chosen[name] = parameter
        elif name != "logit_scale":
            parameter.requires_grad_(False)
    return chosen


def is_large(model: CLIPModel) -> bool:
    """Whether ``model`` has more than LARGE parameters."""
    return sum(parameter.numel() for parameter in model.parameters()) > LARGE


def chosen_optimizer(model: CLIPModel, config: TrainConfig) -> str:
    """muon or adamw: what ``config`` names, or for auto AdamW above LARGE parameters and Muon for small bases.

    Moving a model that Adam trained over to Muon degrades full fine-tuning, the more so the stronger the update ("Can Muon
    Fine-tune Adam-Pretrained Models?", 2026, arXiv 2605.10468). A base such as the demo's, 12 M parameters taught for an hour,
    gains by it.
    """
    if config.optimizer != "auto":
        return config.optimizer
    if config.lora is not None:
        return "adamw"
    return "adamw" if is_large(model) else "muon"


def make_optimizer(
    model: CLIPModel, config: TrainConfig, extra: nn.Module, low_rank: LowRank | None = None
) -> Optimizers:
    """The optimizers of all that learns, the objective's own parameters (``extra``) included; each group's "factor" is its
    share of the learning rate.

    Matrices decay; biases, norms and the temperature do not: pulling those to zero has no meaning. Nor do embeddings: a
    token that a domain never uses would fade away. Their learning rate is ``embedding_factor`` times the others': a row
    moves only when its token is read, and a domain's own words are read seldom.

    With the optimizer "muon" (``chosen_optimizer``) the matrices of the towers' layers move by Muon (Jordan et al. 2024, "Muon: an
    optimizer for hidden layers"): every direction of a matrix by the same amount, so that what few pictures show is learnt as
    fast as what all of them show. The size of a move is scaled to AdamW's (Liu et al. 2025, "Muon is scalable for LLM training",
    section 2.2), times ``muon_factor``. Of matrices in ``low_rank`` their pairs move, by AdamW.
    """
    groups: dict[tuple[float, bool, bool], list[nn.Parameter]] = {}
    places, muons = depths(model), chosen_optimizer(model, config) == "muon"
    pairs = (
        {} if low_rank is None else dict(zip(low_rank.names, zip(low_rank.down, low_rank.up, strict=True), strict=True))
    )
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        _, place, top = places[name]
        decays = parameter.ndim >= 2 and "embedding" not in name
        inside = muons and parameter.ndim == 2 and _LAYER.match(name) is not None
        factor = config.layer_decay ** (top - place) * (config.embedding_factor if "token_embedding" in name else 1.0)
        groups.setdefault((factor, decays, inside), []).extend(pairs.get(name, (parameter,)))
    if own := [parameter for parameter in extra.parameters() if parameter.requires_grad]:
        groups.setdefault((1.0, False, False), []).extend(own)
    adamw: list[dict[str, Any]] = []
    muon: list[dict[str, Any]] = []
    for (factor, decays, inside), parameters in groups.items():
        group = {"params": parameters, "weight_decay": config.weight_decay if decays else 0.0}
        (muon if inside else adamw).append({**group, "factor": factor * (config.muon_factor if inside else 1.0)})
    rate = config.learning_rate
    parts: list[torch.optim.Optimizer] = []
    if adamw:
        parts.append(torch.optim.AdamW(adamw, lr=rate, betas=config.betas, eps=config.epsilon, fused=True))
    if muon:
        parts.append(torch.optim.Muon(muon, lr=rate, momentum=MUON_MOMENTUM, adjust_lr_fn="match_rms_adamw"))
    return Optimizers(parts)


class Optimizers:
    """Several optimizers as one, each of its own parameters."""

    def __init__(self, parts: list[torch.optim.Optimizer]) -> None:
        self._parts = parts

    def set_rate(self, rate: float) -> None:
        """Every group's learning rate: its "factor" of ``rate``."""
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = rate * group["factor"]

    def zero_grad(self) -> None:
        for part in self._parts:
            part.zero_grad(set_to_none=True)

    def step(self) -> None:
        for part in self._parts:
            part.step()

    def state_dict(self) -> list[dict[str, Any]]:
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """What ``state_dict`` gave."""
        for part, state in zip(self._parts, states, strict=True):
            part.load_state_dict(state)


def learning_rate_factor(progress: float, warmup: float, kind: str = "cosine") -> float:
    """Linear warm-up to 1, then down to 0 by a cosine or a line, or constant.

    ``progress`` and ``warmup`` are shares of the run in 0..1, of its steps or of its time.
    """
    if progress < warmup:
        return max(progress, 1e-3) / warmup
    rest = min(1.0, (progress - warmup) / max(1e-9, 1 - warmup))
    if kind == "constant":
        return 1.0
    return 1 - rest if kind == "linear" else 0.5 * (1 + math.cos(math.pi * rest))
