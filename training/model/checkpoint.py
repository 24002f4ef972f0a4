"""A transformers CLIP with its tokenizer and picture numbers: loaded from a folder or a hub, saved as one folder."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from clipseek.encoder.bundle.bundle import INTERPOLATIONS, ImageSpec
from clipseek.files.text import reason_of
from torch import Tensor
from torch.nn import functional

from ..errors import ModelUnavailable
from .forward import Prepared, pooled_pixels, pooled_tokens, supports
from .shared_weights import SharedWeights

if TYPE_CHECKING:
    from transformers import CLIPModel

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_LENGTHS, _LEAST = 4, 16  # at most so many groups of captions of like length, of at least so many


@dataclass
class Checkpoint:
    """A loaded CLIP. ``context_length`` in tokens; ``origin`` is where it came from."""

    model: CLIPModel
    tokenizer: Any
    image: ImageSpec
    context_length: int
    origin: str

    @property
    def patches(self) -> int:
        """Of one picture."""
        vision = self.model.config.vision_config
        return int(vision.image_size // vision.patch_size) ** 2

    def shared_weights(self, tower: str, precision: str, tokens: int) -> SharedWeights | None:
        """What several calls of ``encode_pixels`` or ``encode_tokens`` share of the tower ``vision`` or ``text``, with room for
        what is known of so many tokens; None for a model whose own forward takes its parameters."""
        if not supports(self.model):
            return None
        return SharedWeights(getattr(self.model, f"{tower}_model"), _DTYPES[precision], tokens)

    def encode_pixels(self, pixels: Tensor, precision: str = "fp32", prepared: Prepared | None = None) -> Tensor:
        """(N, 3, S, S) float in 0..1 -> (N, D) float32 unit rows. ``precision``: fp32 or bf16 matrix products."""
        pooled = self.pooled_pixels(pixels, precision, prepared)
        return functional.normalize(functional.linear(pooled, self.model.visual_projection.weight), dim=-1)

    def pooled_pixels(self, pixels: Tensor, precision: str = "fp32", prepared: Prepared | None = None) -> Tensor:
        """The same before projection: (N, H) float32, the image tower's pooled output."""
        mean, std = (torch.tensor(v, device=pixels.device) for v in (self.image.mean, self.image.std))
        if supports(self.model):
            return pooled_pixels(self.model, pixels, mean, std, _DTYPES[precision], prepared)
        normal = (pixels - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=precision == "bf16"):
            pooled: Tensor = self.model.vision_model(pixel_values=normal).pooler_output
        return pooled.float()

    def encode_texts(self, texts: list[str], precision: str = "fp32") -> Tensor:
        """N texts, cut to the context, padded to the longest -> (N, D) float32 unit rows."""
        return self.encode_tokens(self.tokenize(texts), precision)

    def tokenize(self, texts: list[str], max_tokens: int | None = None) -> dict[str, Tensor]:
        """input_ids and attention_mask, (N, L) int64 on the CPU, cut to the context (or ``max_tokens``, if that is less)
        and padded to the longest."""
        limit = self.context_length if max_tokens is None else min(max_tokens, self.context_length)
        tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=limit, return_tensors="pt")
        return {name: tokens[name] for name in ("input_ids", "attention_mask")}

    def encode_tokens(
        self,
        tokens: dict[str, Tensor],
        precision: str = "fp32",
        embedded: Tensor | None = None,
        prepared: Prepared | None = None,
    ) -> Tensor:
        """What ``tokenize`` gave -> (N, D) float32 unit rows. ``embedded`` and ``prepared`` as in ``pooled_tokens``."""
        pooled = self.pooled_tokens(tokens, precision, embedded, prepared)
        return functional.normalize(functional.linear(pooled, self.model.text_projection.weight), dim=-1)

    def pooled_tokens(
        self,
        tokens: dict[str, Tensor],
        precision: str = "fp32",
        embedded: Tensor | None = None,
        prepared: Prepared | None = None,
    ) -> Tensor:
        """The same before projection: (N, H) float32, the text tower's pooled output. ``embedded``: what ``embed_tokens`` gave."""
        device = self.model.device
        ids = tokens["input_ids"].to(device, non_blocking=True)
        if supports(self.model):
            if embedded is None:
                embedded = self.embed_tokens(tokens)
            if prepared is not None:  # for a part of captions that are of like length already
                return pooled_tokens(self.model, ids, _DTYPES[precision], embedded, prepared)
            return self._by_length(ids, tokens["attention_mask"], _DTYPES[precision], embedded)
        mask = tokens["attention_mask"].to(device, non_blocking=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            pooled: Tensor = self.model.text_model(input_ids=ids, attention_mask=mask).pooler_output
        return pooled.float()

    def embed_tokens(self, tokens: dict[str, Tensor], at_once: bool = False) -> Tensor | None:
        """(N, L, H) float32, the tokens' embeddings; None for a model whose own forward looks them up.

        ``at_once``: their gradients go into the table's when they come. For several parts of a batch: by torch's way each
        part would make a gradient as large as the vocabulary's table.
        """
        if not supports(self.model):
            return None
        embeddings, ids = self.model.text_model.embeddings.token_embedding, tokens["input_ids"].to(self.model.device)
        if not at_once:
            embedded: Tensor = embeddings(ids)
            return embedded
        table = embeddings.weight
        embedded = table.detach()[ids]
        if table.requires_grad and torch.is_grad_enabled():

            def add(gradient: Tensor) -> None:
                if table.grad is None:
                    table.grad = torch.zeros_like(table)
                table.grad.index_add_(0, ids.flatten(), gradient.flatten(0, 1))

            embedded.requires_grad_().register_hook(add)
        return embedded

    def _by_length(self, ids: Tensor, mask: Tensor, dtype: torch.dtype, embedded: Tensor | None) -> Tensor:
        """Pooled texts; on a CPU the short captions go apart from the long ones, so that few pay for padding."""
        groups = min(_LENGTHS, len(ids) // _LEAST)
        if ids.device.type != "cpu" or groups < 2 or embedded is None:
            return pooled_tokens(self.model, ids, dtype, embedded)
        lengths, width = mask.sum(1), ids.shape[1]
        # Neighbours of one width stay together: small products cost more than they save.
        parts: dict[int, list[Tensor]] = {}
        for part in torch.argsort(lengths).chunk(groups):
            parts.setdefault(rounded_length(lengths[part], width), []).append(part)
        if len(parts) == 1:
            (longest,) = parts
            return pooled_tokens(self.model, ids[:, :longest], dtype, embedded[:, :longest])
        pooled, places = [], []
        for longest, chunks in parts.items():
            part = torch.cat(chunks)
            pooled.append(pooled_tokens(self.model, ids[part, :longest], dtype, embedded[part, :longest]))
            places.append(part)
        joined = torch.cat(pooled)
        return torch.empty_like(joined).index_copy(0, torch.cat(places), joined)

    def save(self, folder: Path) -> None:
        """Write everything that loading needs into ``folder``."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        numbers = {
            "image_processor_type": "CLIPImageProcessor",
            "do_convert_rgb": True,
            "do_resize": True,
            "size": {"shortest_edge": self.image.size},
            "resample": INTERPOLATIONS.index(self.image.interpolation),
            "do_center_crop": True,
            "crop_size": {"height": self.image.size, "width": self.image.size},
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": list(self.image.mean),
            "image_std": list(self.image.std),
        }
        (folder / "preprocessor_config.json").write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")


def rounded_length(lengths: Tensor, limit: int) -> int:
    """The greatest of ``lengths``, up to the next multiple of 4: each new shape costs the CPU's kernels a preparation."""
    return min(limit, -(-int(lengths.max()) // 4) * 4)


def load_checkpoint(name: str) -> Checkpoint:
    """Load a CLIP checkpoint folder or hub id, float32, on the CPU.

    Raises ModelUnavailable in one line: no such folder, not a CLIP, files missing, hub not reachable.
    """
    with quiet_transformers():
        from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizerFast

        local = Path(name)
        is_path = local.exists() or name.startswith((".", "/", "~")) or name.count("/") > 1
        if is_path and not (local / "config.json").is_file():
            raise ModelUnavailable(
                f"{name} is no checkpoint folder (it has no config.json); name a CLIP folder or a hub id"
            )
        try:
            if is_path and json.loads((local / "config.json").read_text("utf-8")).get("model_type") != "clip":
                raise ModelUnavailable(
                    f"{name} is no CLIP (its config.json has another model_type); name a CLIP checkpoint"
                )
            model = CLIPModel.from_pretrained(name, torch_dtype=torch.float32)
            tokenizer = CLIPTokenizerFast.from_pretrained(name)
            processor: Any = CLIPImageProcessor.from_pretrained(name)
        except (OSError, ValueError, KeyError) as problem:
            reason = reason_of(problem)
            where = "is incomplete or broken" if is_path else "cannot be fetched from the hub, and is no folder here"
            raise ModelUnavailable(f"{name} {where} ({reason}); name a CLIP checkpoint folder with --base") from None
    size = processor.size
    edge = size.get("shortest_edge") or size.get("height")
    crop = processor.crop_size["height"] if getattr(processor, "do_center_crop", True) else edge
    if edge != crop:
        raise ModelUnavailable(
            f"{name} resizes to {edge} and crops to {crop}; clipseek serves models that crop what they resize to"
        )
    image = ImageSpec(
        size=int(edge),
        mean=tuple(processor.image_mean),
        std=tuple(processor.image_std),
        interpolation=INTERPOLATIONS[int(processor.resample)],
        background=(255, 255, 255),
    )
    context = int(model.config.text_config.max_position_embeddings)
    return Checkpoint(model, tokenizer, image, context, name)


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """No advice, no bars and no accounts of each attempt to reach the hub on our stderr."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    import logging as stdlib_logging
    import warnings

    from huggingface_hub.utils import logging as hub_logging
    from transformers.utils import logging

    verbosity, hub_verbosity = logging.get_verbosity(), hub_logging.get_verbosity()
    logging.set_verbosity_error()
    hub_logging.set_verbosity(stdlib_logging.ERROR)
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        hub_logging.set_verbosity(hub_verbosity)
