"""Two ONNX towers that somebody else exported, made into a bundle: inputs and outputs named as ours, and checked."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from clipseek.encoder import Bundle
from clipseek.encoder.bundle.bundle import ImageSpec, TextSpec
from clipseek.encoder.bundle.files import sha256
from clipseek.encoder.bundle.writer import check_free, new_bundle, write_passport
from clipseek.encoder.device.session import open_session
from clipseek.files.text import reason_of
from numpy.typing import NDArray

from ..errors import ExportRefused
from ..towers import IMAGE, TEXT
from .proof import check_against, check_batch_invariance, check_pooling, own_checkpoint, write_tokenizer
from .specs import TOKENIZER, check_family, image_spec, text_spec
from .towers import find_towers, import_image_tower, import_text_tower, precision_of

#: CLIP's own temperature after training (Radford et al. 2021, section 2.5); an ONNX tower does not tell it.
LOGIT_SCALE = 100.0


def import_bundle(
    source: Path,
    out: Path,
    *,
    image_tower: Path | None = None,
    text_tower: Path | None = None,
    logit_scale: float | None = None,
    reference: str | None = None,
    force: bool = False,
    on_step: Callable[[str], None] = lambda text: None,
) -> Bundle:
    """Make the bundle ``out`` of the towers, preprocessor_config.json and tokenizer files under ``source``.

    The graphs stay as they are, but for the names of what goes in and out, and for int8 inputs, which are rounded row by row.
    Pictures and texts must become the pixels and tokens that transformers makes by the files of ``source``, and a vector must be
    the same alone and in a batch of longer texts and other pictures (batch invariance): this encoder pads captions to the longest
    of a batch. With ``reference``, a CLIP checkpoint's folder or hub id, or where one lies in ``source``, the vectors must be its
    own. ``logit_scale``: by default the reference's, else LOGIT_SCALE. Raises ExportRefused where the towers cannot serve,
    ModelUnavailable for a reference that is none, BundleError where ``out`` is taken; then nothing is written.
    """
    check_free(out, force=force)
    check_family(source)
    pictures, texts = find_towers(source, image_tower, text_tower)
    image, text = image_spec(source), text_spec(source)
    on_step(f"pictures: {pictures}; texts: {texts}")
    with new_bundle(out, force=force) as folder:
        rows = import_image_tower(pictures, folder / IMAGE, image.size) + import_text_tower(texts, folder / TEXT)
        write_tokenizer(source, folder / TOKENIZER, image, text)
        precision = precision_of(folder / IMAGE, folder / TEXT)
        facts: dict[str, Any] = {
            "dimension": _dimension(folder, image, text),
            "image": image.as_dict(),
            "text": text.as_dict(),
            "precision": precision,
            "storage": "fp16" if precision == "fp16" else "fp32",
            "logit_scale": logit_scale or LOGIT_SCALE,
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
        made = Bundle.load(folder)
        check_pooling(made)
        facts["alike"] = check_batch_invariance(made)
        if reference := reference or own_checkpoint(source):
            on_step(f"comparing with {reference}")
            facts["parity"], scale = check_against(made, reference)
            facts["logit_scale"] = logit_scale or scale
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
