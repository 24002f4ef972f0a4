"""Two ONNX towers that somebody else exported, made into a bundle: inputs and outputs named as ours, and checked."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.bundle.bundle import ImageSpec, TextSpec, sha256
from clipseek.encoder.bundle.writer import check_free, new_bundle, write_passport
from clipseek.encoder.errors import EncoderError
from clipseek.encoder.run.clip import unit_rows
from clipseek.files.text import reason_of

from ..errors import ExportRefused
from ..samples import made_samples
from ..towers import IMAGE, TEXT
from .files import found_towers, image_spec, text_spec, tokenizer_file
from .graph import adopt_image, adopt_text, precision_of

#: The lowest cosine between one input's vectors alone and in company, by precision: int8 rounds a batch by its range.
ALIKE = {"fp32": 0.9999, "fp16": 0.999, "int8": 0.98}
#: CLIP's own temperature after training (Radford et al. 2021, section 2.5); an ONNX tower does not tell it.
LOGIT_SCALE = 100.0


def adopt_bundle(
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

    The graphs stay as they are, but for the names of what goes in and out. A vector must be the same alone and in
    company of longer texts and other pictures: this encoder pads captions to the longest of a batch. Raises
    ExportRefused where the towers cannot serve, BundleError where ``out`` is taken; then nothing is written.
    """
    check_free(out, force=force)
    towers = found_towers(source, image_tower, text_tower)
    spec, texts = image_spec(source), text_spec(source)
    on_step(f"pictures: {towers.image}; texts: {towers.text}")
    with new_bundle(out, force=force) as folder:
        adopt_image(towers.image, folder / IMAGE, spec.size)
        adopt_text(towers.text, folder / TEXT)
        (folder / "tokenizer.json").write_bytes(tokenizer_file(source).read_bytes())
        precision = precision_of(folder / IMAGE, folder / TEXT)
        facts = _facts(spec, texts, precision, logit_scale)
        facts["provenance"] = {
            "imported_from": str(source),
            "image_tower": {"file": str(towers.image), "sha256": sha256(towers.image)},
            "text_tower": {"file": str(towers.text), "sha256": sha256(towers.text)},
            "made_with": {name: version(name) for name in ("clipseek", "onnx")},
        }
        facts["dimension"] = _dimension(folder, facts)
        write_passport(folder, facts)
        on_step("comparing vectors alone and in company")
        facts["alike"] = _check_alike(Bundle.load(folder), ALIKE[precision])
        write_passport(folder, facts)
    return Bundle.load(out)


def _facts(spec: ImageSpec, texts: TextSpec, precision: str, logit_scale: float) -> dict[str, Any]:
    return {
        "dimension": 0,
        "image": {
            "size": spec.size,
            "resize": "shortest_edge",
            "mean": list(spec.mean),
            "std": list(spec.std),
            "interpolation": spec.interpolation,
            "crop": "center",
            "background": list(spec.background),
        },
        "text": {"context_length": texts.context_length, "pad_id": texts.pad_id, "eos_id": texts.eos_id},
        "precision": precision,
        "storage": "fp16" if precision == "fp16" else "fp32",
        "logit_scale": logit_scale,
        "parity": {},
    }


def _dimension(folder: Path, facts: dict[str, Any]) -> int:
    """Numbers in a vector: what both towers give."""
    from clipseek.encoder.run.session import open_session

    size, found = facts["image"]["size"], {}
    ids = np.array([[facts["text"]["pad_id"], facts["text"]["eos_id"]]], np.int64)
    inputs: dict[str, dict[str, Any]] = {
        IMAGE: {"pixel_values": np.zeros((1, 3, size, size), np.float32)},
        TEXT: {"input_ids": ids, "attention_mask": np.ones_like(ids)},
    }
    for name, values in inputs.items():
        session = open_session(folder / name, "cpu")
        try:
            rows = session.run(None, values)[0]
        except Exception as problem:  # onnxruntime's exceptions share no base but Exception
            reason = reason_of(problem)
            raise ExportRefused(f"{name} does not run ({reason}); nothing was written") from None
        found[name] = int(rows.shape[-1])
    if found[IMAGE] != found[TEXT]:
        raise ExportRefused(
            f"the picture tower gives {found[IMAGE]} numbers, the text tower {found[TEXT]}; name two towers of one model "
            "with --image-tower and --text-tower; nothing was written"
        )
    return found[IMAGE]


def _check_alike(bundle: Bundle, least: float) -> dict[str, float]:
    """The lowest cosine of pictures and of texts between alone and in company. Raises ExportRefused below ``least``."""
    samples = made_samples(bundle.image.size, bundle.text.context_length)
    alone, company = (ClipEncoder(bundle, device="cpu", batch_size=size) for size in (1, 7))
    pictures = [alone.load_picture(data) for data in samples.pictures]
    found: dict[str, float] = {}
    try:
        images = [unit_rows(encoder.embed_pictures(pictures)) for encoder in (alone, company)]
        one = unit_rows(alone.embed_texts(samples.captions))
        other = unit_rows(_padded(company, samples.captions))
    except EncoderError as problem:
        raise ExportRefused(f"the towers do not serve: {problem}; nothing was written") from None
    for name, (first, second) in (("pictures", images), ("texts", (one, other))):
        found[name] = float((first * second).sum(1).min())
        if not found[name] >= least:
            why = (
                "padding changes its texts' vectors" if name == "texts" else "a picture's vector depends on its company"
            )
            raise ExportRefused(
                f"{name}: cosine {found[name]:.4f} between alone and in company, expected {least}; {why}, so this model "
                "cannot serve here; nothing was written"
            )
    return found


def _padded(encoder: ClipEncoder, captions: tuple[str, ...]) -> Any:
    """All captions padded to the model's whole context, which the encoder itself never does."""
    tokenizer = encoder._tokenizer()
    encoded, _ = tokenizer.encode(captions)
    limit = encoder.bundle.text.context_length
    ids, mask = tokenizer.pad([*encoded, [0] * limit])
    return encoder._run("text", {"input_ids": ids[:-1], "attention_mask": mask[:-1]})
