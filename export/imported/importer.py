"""Two ONNX towers that somebody else exported, made into a bundle: inputs and outputs named as ours, and checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.bundle.bundle import INTERPOLATIONS, ImageSpec, TextSpec, sha256
from clipseek.encoder.bundle.writer import check_free, new_bundle, write_passport
from clipseek.encoder.device.session import open_session
from clipseek.encoder.errors import EncoderError
from clipseek.files.text import reason_of
from numpy.typing import NDArray

from ..errors import ExportRefused
from ..parity import Embeddings, difference, from_bundle
from ..samples import made_samples
from ..towers import IMAGE, TEXT
from .towers import find_towers, import_image_tower, import_text_tower, precision_of

#: Batch invariance: the lowest cosine between a vector made alone and in a batch.
MIN_COSINE = 0.9999
#: CLIP's own temperature after training (Radford et al. 2021, section 2.5); an ONNX tower does not tell it.
LOGIT_SCALE = 100.0
_BICUBIC = INTERPOLATIONS.index("bicubic")
_WHITE = (255, 255, 255)  # behind transparency, of which no config tells
_CONTEXT = 77  # CLIP's own


def import_bundle(
    source: Path,
    out: Path,
    *,
    image_tower: Path | None = None,
    text_tower: Path | None = None,
    logit_scale: float = LOGIT_SCALE,
    force: bool = False,
    on_step: Callable[[str], None] = lambda text: None,
) -> Bundle:
    """Make the bundle ``out`` of the towers, preprocessor_config.json and tokenizer files under ``source``.

    The graphs stay as they are, but for the names of what goes in and out. A vector must be the same alone and in a batch
    of longer texts and other pictures (batch invariance): this encoder pads captions to the longest of a batch. Raises
    ExportRefused where the towers cannot serve, BundleError where ``out`` is taken; then nothing is written.
    """
    check_free(out, force=force)
    pictures, texts = find_towers(source, image_tower, text_tower)
    image, text = image_spec(source), text_spec(source)
    on_step(f"pictures: {pictures}; texts: {texts}")
    with new_bundle(out, force=force) as folder:
        rows = import_image_tower(pictures, folder / IMAGE, image.size) + import_text_tower(texts, folder / TEXT)
        (folder / "tokenizer.json").write_bytes(_find(source, "tokenizer.json").read_bytes())
        precision = precision_of(folder / IMAGE, folder / TEXT)
        facts: dict[str, Any] = {
            "dimension": _dimension(folder, image, text),
            "image": image.as_dict(),
            "text": text.as_dict(),
            "precision": precision,
            "storage": "fp16" if precision == "fp16" else "fp32",
            "logit_scale": logit_scale,
            "provenance": {
                "imported_from": str(source),
                "image_tower": {"file": str(pictures), "sha256": sha256(pictures)},
                "text_tower": {"file": str(texts), "sha256": sha256(texts)},
                "made_with": {name: version(name) for name in ("clipseek", "onnx")},
            },
            "parity": {},
        }
        if precision == "int8":
            facts["ranges"] = "rows" if rows else "static"
        write_passport(folder, facts)
        on_step("comparing vectors made alone and in a batch")
        facts["alike"] = _check_batch_invariance(Bundle.load(folder), MIN_COSINE)
        write_passport(folder, facts)
    return Bundle.load(out)


def _dimension(folder: Path, image: ImageSpec, text: TextSpec) -> int:
    """The length of both towers' vectors. Raises ExportRefused where they differ, or a tower does not run."""
    ids = np.array([[text.pad_id, text.eos_id]], np.int64)
    pixels = np.zeros((1, 3, image.size, image.size), np.float32)
    of_images = _width(folder / IMAGE, {"pixel_values": pixels})
    of_texts = _width(folder / TEXT, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    if of_images != of_texts:
        raise ExportRefused(
            f"the picture tower gives {of_images} numbers, the text tower {of_texts}; name two towers of one model "
            "with --image-tower and --text-tower; nothing was written"
        )
    return of_images


def _width(tower: Path, inputs: dict[str, NDArray[Any]]) -> int:
    session = open_session(tower, "cpu")
    try:
        return int(session.run(None, inputs)[0].shape[-1])
    except Exception as problem:  # onnxruntime's exceptions share no base but Exception
        raise ExportRefused(f"{tower.name} does not run ({reason_of(problem)}); nothing was written") from None


def _check_batch_invariance(bundle: Bundle, least: float) -> dict[str, float]:
    """The lowest cosine of pictures and of texts between a vector made alone and in a batch; for texts, padded to the context.

    Raises ExportRefused where one is below ``least``.
    """
    samples = made_samples(bundle.image.size, bundle.text.context_length)
    batched = ClipEncoder(bundle, device="cpu", batch_size=7)
    try:
        pictures = batched.embed_pictures([batched.load_picture(data) for data in samples.pictures])
        # All captions in one batch, padded to the whole context, which the encoder itself never does.
        encoded, _ = batched.tokenizer.encode(samples.captions)
        ids, mask = batched.tokenizer.pad([*encoded, [0] * bundle.text.context_length])
        texts = batched.towers.run("text", {"input_ids": ids[:-1], "attention_mask": mask[:-1]})
        apart = difference(Embeddings(pictures, texts), from_bundle(bundle, samples, 1))
    except EncoderError as problem:
        raise ExportRefused(f"the towers do not serve: {problem}; nothing was written") from None
    lowest = {"pictures": apart.image_min_cosine, "texts": apart.text_min_cosine}
    why = {"pictures": "a picture's vector depends on its batch", "texts": "padding changes its texts' vectors"}
    for name, cosine in lowest.items():
        if not cosine >= least:
            raise ExportRefused(
                f"{name}: cosine {cosine:.4f} between alone and in a batch, expected {least}; {why[name]}, so this model "
                "cannot serve here; nothing was written"
            )
    return lowest


def image_spec(source: Path) -> ImageSpec:
    """From preprocessor_config.json (transformers) or preprocess_cfg.json (open_clip)."""
    path = _find(source, "preprocessor_config.json", "preprocess_cfg.json")
    config = _json(path)
    try:
        read = _open_clip_spec if path.name == "preprocess_cfg.json" else _transformers_spec
        return read(config)
    except KeyError as problem:
        raise ExportRefused(f"{path} lacks {problem}; complete it") from None
    except (TypeError, ValueError) as problem:
        raise ExportRefused(f"{path}: {problem}") from None


def _open_clip_spec(config: dict[str, Any]) -> ImageSpec:
    if config.get("resize_mode", "shortest") != "shortest":
        raise ValueError(f"resize_mode {config['resize_mode']!r}, expected 'shortest'")
    interpolation = str(config.get("interpolation", "bicubic"))
    return ImageSpec(_edge(config["size"]), tuple(config["mean"]), tuple(config["std"]), interpolation, _WHITE)


def _transformers_spec(config: dict[str, Any]) -> ImageSpec:
    size = _edge(config.get("size", config.get("crop_size")))
    crop = _edge(config["crop_size"]) if config.get("do_center_crop", True) and "crop_size" in config else size
    if crop != size:
        raise ValueError(
            f"resized to {size} and cropped to {crop}; pictures here are cropped to what they are resized to"
        )
    number = int(config.get("resample", _BICUBIC))
    if not 0 <= number < len(INTERPOLATIONS):
        raise ValueError(
            f"resample {number}, expected 0 to {len(INTERPOLATIONS) - 1}, the number of a filter of Pillow"
        )
    return ImageSpec(size, tuple(config["image_mean"]), tuple(config["image_std"]), INTERPOLATIONS[number], _WHITE)


def text_spec(source: Path) -> TextSpec:
    """Where a text ends and how long it may be, from the tokenizer and the configs beside it."""
    from tokenizers import Tokenizer

    path = _find(source, "tokenizer.json")
    try:
        tokenizer: Any = Tokenizer.from_file(str(path))
    except Exception as problem:  # the library raises bare Exception
        raise ExportRefused(f"{path} cannot be read ({problem})") from None
    tokenizer.no_padding()
    ends = tokenizer.encode("").ids
    if len(ends) != 2:
        raise ExportRefused(f"{path} marks an empty text with {len(ends)} tokens, expected a start and an end")
    settings = next((_json(config) for config in _all(source, "tokenizer_config.json")), {})
    pad = settings.get("pad_token")
    pad_id = tokenizer.token_to_id(pad["content"] if isinstance(pad, dict) else pad) if pad else None
    return TextSpec(_context(source, settings), ends[-1] if pad_id is None else int(pad_id), int(ends[-1]))


def _context(source: Path, settings: dict[str, Any]) -> int:
    for path in _all(source, "config.json"):
        text = _json(path).get("text_config")
        if isinstance(text, dict) and isinstance(text.get("max_position_embeddings"), int):
            return int(text["max_position_embeddings"])
    longest = settings.get("model_max_length")
    return int(longest) if isinstance(longest, int) and longest <= 4096 else _CONTEXT


def _edge(size: Any) -> int:
    """A side in pixels from any of the forms that configs have."""
    if isinstance(size, dict):
        sides = [size[name] for name in ("shortest_edge", "height", "width") if name in size]
    else:
        sides = list(size) if isinstance(size, list) else [size]
    if not sides or any(side != sides[0] for side in sides):
        raise ValueError(f"size {size!r}, expected one side of a square")
    return int(sides[0])


def _find(source: Path, *names: str) -> Path:
    """The file of the first of ``names`` that ``source`` has, highest in the tree. Raises ExportRefused."""
    for name in names:
        for path in _all(source, name):
            return path
    raise ExportRefused(f"{source} has no {' or '.join(names)}; put the one of this model there")


def _all(source: Path, name: str) -> Iterator[Path]:
    yield from sorted(source.rglob(name), key=lambda path: (len(path.parts), str(path)))


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise ExportRefused(f"{path} cannot be read ({problem})") from None
    if not isinstance(value, dict):
        raise ExportRefused(f"{path} holds no JSON object")
    return value
