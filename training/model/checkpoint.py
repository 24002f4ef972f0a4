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

from ..errors import ModelUnavailable
from . import accepted
from .preprocessor import READING, image_spec_of
from .towers import Tokens, Towers, project, towers_of

if TYPE_CHECKING:
    from transformers import CLIPModel


@dataclass
class Checkpoint:
    """A loaded CLIP. ``context_length`` in tokens; ``origin`` is where it came from."""

    model: CLIPModel
    tokenizer: Any
    image: ImageSpec
    context_length: int
    origin: str

    @property
    def towers(self) -> Towers:
        """The model's towers as it is now: with adapters put in, transformers' own forward pass."""
        return towers_of(self.model, self.image.mean, self.image.std)

    def encode_pixels(self, pixels: Tensor, precision: str = "fp32") -> Tensor:
        """(N, 3, S, S) float in 0..1 -> (N, D) float32 unit rows. ``precision``: compute dtype, fp32 or bf16."""
        return project(self.towers.pool_pixels(pixels, precision), self.model.visual_projection)

    def encode_tokens(self, tokens: Tokens, precision: str = "fp32") -> Tensor:
        """What ``tokenize`` gave -> (N, D) float32 unit rows."""
        return project(self.towers.pool_tokens(tokens, precision), self.model.text_projection)

    def tokenize(self, texts: list[str], max_tokens: int | None = None) -> Tokens:
        """input_ids and attention_mask, (N, L) int64 on the CPU, cut to the context (or ``max_tokens``, if that is less)
        and padded to the longest."""
        limit = self.context_length if max_tokens is None else min(max_tokens, self.context_length)
        tokens = tokens_of(self.tokenizer, texts, padding=True, truncation=True, max_length=limit, return_tensors="pt")
        return {name: tokens[name] for name in ("input_ids", "attention_mask")}

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
        numbers |= {name: value for name, value in self.image.as_dict().items() if name in READING}
        (folder / "preprocessor_config.json").write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")


def tokens_of(tokenizer: Any, texts: list[str], **given: Any) -> Any:
    """What a checkpoint's tokenizer gives, as the encoder reads it: a mark of an end inside a caption is text, and does not end
    it."""
    marks = (tokenizer.bos_token, tokenizer.eos_token)
    spelt = any(mark in text for text in texts for mark in marks)
    return tokenizer(texts, split_special_tokens=spelt, **given)


def load_checkpoint(name: str) -> Checkpoint:
    """Load a CLIP checkpoint folder or hub id, float32, on the CPU.

    Raises ModelUnavailable in one line: no such folder, files missing, hub not reachable, or a model whose embeddings here would
    not be transformers' own: of another family, with missing weights, other pictures or texts (accepted.py).
    """
    local = Path(name)
    is_path = local.exists() or name.startswith((".", "/", "~")) or name.count("/") > 1
    if is_path and not (local / "config.json").is_file():
        raise ModelUnavailable(
            f"{name} is no checkpoint folder (it has no config.json); name a CLIP folder or a hub id"
        )
    with quiet_transformers():
        try:
            return _load(name)
        except _NotUnderstood as problem:
            raise ModelUnavailable(f"{name} is refused: {problem}; name a CLIP checkpoint with --base") from None
        except Exception as problem:  # transformers, safetensors and torch raise what they like
            where = "is incomplete or broken" if is_path else "cannot be fetched from the hub, and is no folder here"
            reason = reason_of(problem)
            raise ModelUnavailable(f"{name} {where} ({reason}); name a CLIP checkpoint folder with --base") from None


class _NotUnderstood(Exception):
    """A model that is there, and would not give its own embeddings here."""


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Of a reason, a refusal."""
    try:
        yield
    except ValueError as reason:
        raise _NotUnderstood(reason_of(reason)) from None


def _load(name: str) -> Checkpoint:
    from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizerFast, PretrainedConfig
    from transformers.models.auto.tokenization_auto import get_tokenizer_config

    config, _ = PretrainedConfig.get_config_dict(name)
    with _refusing():
        accepted.check_family(config)
    settings, _ = CLIPImageProcessor.get_image_processor_dict(name)
    with _refusing():
        image = image_spec_of(settings)
    tokenizer: Any = CLIPTokenizerFast.from_pretrained(name)
    model, loading = CLIPModel.from_pretrained(name, torch_dtype=torch.float32, output_loading_info=True)
    text: Any = model.config.text_config
    processor: Any = CLIPImageProcessor.from_dict(settings)
    with _refusing():
        accepted.check_weights(loading)
        accepted.check_tokenizer(tokenizer, get_tokenizer_config(name), text)
        side = int(model.config.vision_config.image_size)
        if side != image.size:
            raise ValueError(f"its processor makes pictures of {image.size} pixels, its model takes {side}")
        accepted.check_pixels(processor, image)
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token  # read by no token: attention is causal
        context = min(int(text.max_position_embeddings), int(tokenizer.model_max_length))
        checkpoint = Checkpoint(model, tokenizer, image, context, name)
        accepted.check_embeddings(checkpoint, processor)
    return checkpoint


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
