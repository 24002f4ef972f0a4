"""Is a checkpoint understood? It is one only if pictures and texts here become the embeddings that transformers makes of them.

What the files say is read first, so that a refusal can name what is not understood; then made samples are embedded both ways.
Raised is ValueError, whose text is a reason in one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.encoder.run.preprocess import normalize, resize_and_crop
from PIL import Image

if TYPE_CHECKING:
    from .checkpoint import Checkpoint

#: Of a pixel after normalisation, and the lowest cosine of embeddings.
PIXELS_APART, MIN_COSINE = 1e-4, 0.9999
#: What OpenAI's configs have; transformers then pools a text at its largest id.
LEGACY_END = 2
_TOKENIZERS = ("CLIPTokenizer", "CLIPTokenizerFast")
_TEXTS = ("a", "two dogs and a red ball on green grass", "l'été à la plage: 25 °C & sunny, 日本")


def check_family(config: Mapping[str, Any]) -> None:
    """``config``: what config.json holds."""
    family = config.get("model_type")
    if family != "clip":
        raise ValueError(f"its model_type is {family!r}; other families than 'clip' are not understood")
    if config.get("auto_map"):
        raise ValueError("its config.json names code of its own (auto_map), which is not run")
    if config.get("quantization_config"):
        raise ValueError("its weights are quantized (quantization_config); name the checkpoint in floating point")


def check_weights(loading: Mapping[str, Iterable[Any]]) -> None:
    """``loading``: transformers' own account of what it loaded."""
    missing = sorted(loading.get("missing_keys", ()))
    # Of checkpoints before transformers 4.31: numbers 0, 1, 2, … that are no weights.
    unexpected = sorted(name for name in loading.get("unexpected_keys", ()) if not name.endswith("position_ids"))
    for what, names in (("lacks", missing), ("has, beyond a CLIP's,", unexpected)):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ValueError(f"its weights are not a CLIP's: it {what} {names[0]}{more}")


def check_tokenizer(tokenizer: Any, stated: Mapping[str, Any], text_config: Any) -> None:
    """``stated``: what tokenizer_config.json holds; ``text_config``: of the model."""
    kind = stated.get("tokenizer_class")
    if kind is not None and kind not in _TOKENIZERS:
        raise ValueError(f"its tokenizer is a {kind}, expected a {_TOKENIZERS[0]}")
    for name in ("padding_side", "truncation_side"):
        if getattr(tokenizer, name, "right") != "right":
            raise ValueError(f"its tokenizer has {name} {getattr(tokenizer, name)!r}, expected 'right'")
    ends, end = tokenizer("")["input_ids"], tokenizer.eos_token_id
    if len(ends) != 2 or ends[-1] != end:
        raise ValueError(
            f"its tokenizer marks an empty text as {ends}, expected a start token and its end token ({end})"
        )
    largest, known = max(tokenizer.get_vocab().items(), key=lambda entry: entry[1]), int(text_config.vocab_size)
    if largest[1] >= known:
        raise ValueError(f"its tokenizer knows {largest[0]!r} ({largest[1]}), its model only ids below {known}")
    pooled_at = text_config.eos_token_id
    if pooled_at not in (LEGACY_END, end):
        raise ValueError(
            f"the model ends a text at token {pooled_at}, its tokenizer at {end}; set text_config.eos_token_id in config.json"
        )
    if pooled_at == LEGACY_END and end != LEGACY_END and largest[1] > end:
        raise ValueError(
            f"its tokenizer was given {largest[0]!r} ({largest[1]}), above its end token ({end}), and with "
            f"text_config.eos_token_id {LEGACY_END} a text is pooled at its largest token; set it to {end} in config.json"
        )


def check_pixels(processor: Any, spec: ImageSpec) -> None:
    """``processor``: the checkpoint's own; ``spec``: what was read of it."""
    for picture in _pictures(spec.size):
        theirs = np.asarray(processor(images=[picture], return_tensors="np")["pixel_values"][0])
        ours = normalize(resize_and_crop(picture, spec), spec)
        apart = float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else np.inf
        if not apart <= PIXELS_APART:
            raise ValueError(
                f"its own processor makes other pixels of a picture of {picture.width} x {picture.height} (by {apart:.2g})"
            )


@torch.no_grad()
def check_embeddings(checkpoint: Checkpoint, processor: Any) -> None:
    """One picture and texts of three lengths, by transformers each alone, and as training embeds them."""
    model, picture = checkpoint.model, _pictures(checkpoint.image.size)[-1]
    was_training = model.training
    model.eval()
    pixels = torch.from_numpy(resize_and_crop(picture, checkpoint.image).copy()).permute(2, 0, 1)[None].float() / 255
    ours = [checkpoint.encode_pixels(pixels), checkpoint.encode_tokens(checkpoint.tokenize(list(_TEXTS)))]
    made = processor(images=[picture], return_tensors="pt")["pixel_values"]
    theirs = [model.visual_projection(model.vision_model(pixel_values=made).pooler_output)]
    alone = [checkpoint.tokenize([text]) for text in _TEXTS]
    theirs.append(torch.cat([model.text_projection(model.text_model(**tokens).pooler_output) for tokens in alone]))
    model.train(was_training)
    for what, mine, other in zip(("picture", "text"), ours, theirs, strict=True):
        cosine = float(torch.nn.functional.cosine_similarity(mine, other).min())
        if not cosine >= MIN_COSINE:
            raise ValueError(f"a {what}'s embedding is not transformers' (cosine {cosine:.4f}, expected {MIN_COSINE})")


def _pictures(size: int) -> list[Image.Image]:
    """A square, a wide and a tall picture of waves and grain, none of the model's own size."""
    rng, pictures = np.random.default_rng(0), []
    for width, height in ((size + 7, size + 7), (2 * size + 3, size + 2), (size - size // 3, size + size // 2 + 1)):
        x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
        waves = np.stack([np.sin(turns * x + (9 - turns) * y * y) for turns in (2, 5, 8)], -1)
        pixels = 127.5 + 90 * waves + rng.normal(0, 10, (height, width, 3))
        pictures.append(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))
    return pictures
