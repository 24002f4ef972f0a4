"""Are towers made elsewhere what their own library would serve? Each check raises ExportRefused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.bundle.bundle import ImageSpec, TextSpec
from clipseek.encoder.device.session import open_session
from clipseek.encoder.errors import EncoderError
from clipseek.encoder.run.tokenizer import TextTokenizer
from clipseek.files.text import reason_of
from clipseek.training.model.accepted import check_pixels
from clipseek.training.model.checkpoint import load_checkpoint, quiet_transformers

from ..errors import ExportRefused
from ..parity import BATCH_SIZES, Embeddings, difference, from_bundle, in_all_batches, reference
from ..samples import made_samples
from ..tokens import added_tokens, tokenizer_json
from ..towers import TEXT
from .specs import PROCESSOR, TOKENIZER, everywhere, find, read_json

#: The lowest cosine between a vector made alone and in a batch.
MIN_COSINE = 0.9999
#: And to the reference's, by the towers' precision; fewer bits cost a little.
LEAST = {"fp32": 0.9999, "fp16": 0.999, "int8": 0.98}
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
ADDED = 8  # the most of a tokenizer's added tokens that are tried


def write_tokenizer(source: Path, out: Path, image: ImageSpec, text: TextSpec) -> None:
    """Write ``out`` from the tokenizer.json under ``source``, where pictures and texts become there what transformers makes of them
    by the files of ``source``: the same pixels, the same tokens."""
    path = find(source, TOKENIZER)
    with quiet_transformers():
        from transformers import AutoTokenizer, CLIPImageProcessor, PreTrainedTokenizerFast

        for config in list(everywhere(source, PROCESSOR))[:1]:
            try:
                check_pixels(CLIPImageProcessor.from_dict(read_json(config)), image)
            except ValueError as problem:
                raise ExportRefused(f"{config}: {problem}; nothing was written") from None
        settings = read_json(path.parent / "tokenizer_config.json") if _beside(path) else {}
        kind: Any = AutoTokenizer if settings.get("tokenizer_class") else PreTrainedTokenizerFast
        try:
            own = kind.from_pretrained(path.parent)
            extra = added_tokens(own)
            special = any(token.special and str(token) in extra for token in own.added_tokens_decoder.values())
            out.write_bytes(tokenizer_json(own).encode() if special else path.read_bytes())
            ours = TextTokenizer(out, text)
            texts = [*made_samples(32, text.context_length).captions, *(f"a {token} in red" for token in extra[:ADDED])]
            theirs = [own(one, truncation=True, max_length=text.context_length)["input_ids"] for one in texts]
        except Exception as problem:  # transformers and tokenizers raise what they like
            raise ExportRefused(f"{path} cannot be read by transformers ({reason_of(problem)})") from None
    for one, mine, other in zip(texts, ours.encode(texts)[0], theirs, strict=True):
        if mine != other:
            raise ExportRefused(f"{path}: {one[:40]!r} becomes {mine[:8]} here and {other[:8]} by transformers")


def _beside(path: Path) -> bool:
    return (path.parent / "tokenizer_config.json").is_file()


def check_pooling(bundle: Bundle) -> None:
    """A tower of OpenAI's kind pools a text at its largest token: one above the end token would take its place."""
    from tokenizers import Tokenizer

    end = bundle.text.eos_id
    vocabulary = Tokenizer.from_file(str(bundle.path / TOKENIZER)).get_vocab()
    name, largest = max(vocabulary.items(), key=lambda entry: entry[1])
    if largest <= end or bundle.text.context_length < 4:
        return
    start = ClipEncoder(bundle, device="cpu").tokenizer.encode([""])[0][0][0]
    ids = np.array([[start, largest, word, end] for word in sorted(vocabulary.values())[5:7]], np.int64)
    session = open_session(bundle.path / TEXT, "cpu")
    try:
        first, second = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
    except Exception as problem:  # onnxruntime's exceptions share no base but Exception
        raise ExportRefused(
            f"the text tower does not take the token {name!r} ({largest}) of its tokenizer ({reason_of(problem)})"
        ) from None
    if np.abs(first - second).max() <= 1e-5 * np.abs(first).max():
        raise ExportRefused(
            f"the text tower pools at the largest token, and its tokenizer was given {name!r} ({largest}) above the end token "
            f"({end}); export it again with text_config.eos_token_id {end} in config.json; nothing was written"
        )


def own_checkpoint(source: Path) -> str | None:
    """The folder of a whole checkpoint that lies beside the towers."""
    for config in everywhere(source, "config.json"):
        folder = config.parent
        whole = any((folder / name).is_file() for name in _WEIGHTS) and (folder / PROCESSOR).is_file()
        if whole and read_json(config).get("model_type") == "clip":
            return str(folder)
    return None


def check_against(bundle: Bundle, checkpoint: str) -> tuple[dict[str, Any], float]:
    """The parity of ``bundle`` with ``checkpoint`` (a folder or hub id) on made samples, for its passport; and its logit scale.

    Vectors are compared by their directions: other exporters' towers may normalise them. Raises ModelUnavailable where there is
    no such checkpoint.
    """
    loaded = load_checkpoint(checkpoint)
    samples, least = made_samples(loaded.image.size, loaded.context_length), LEAST[bundle.precision]
    try:
        figures = in_all_batches(bundle, samples, reference(loaded, samples))
    except EncoderError as problem:
        raise ExportRefused(f"the towers do not serve: {problem}; nothing was written") from None
    if not min(figures.image_min_cosine, figures.text_min_cosine) >= least:
        raise ExportRefused(
            f"the towers do not give the vectors of {checkpoint}: cosine of pictures {figures.image_min_cosine:.4f}, of texts "
            f"{figures.text_min_cosine:.4f}, expected {least}; nothing was written"
        )
    parity = {
        **figures.as_dict(),
        "limits": {"min_cosine": least},
        "pictures": len(samples.pictures),
        "texts": len(samples.captions),
        "batch_sizes": list(BATCH_SIZES),
        "samples": samples.origin,
        "reference": checkpoint,
    }
    return parity, float(loaded.model.logit_scale.detach().exp())


def check_batch_invariance(bundle: Bundle) -> dict[str, float]:
    """The lowest cosine of pictures and of texts between a vector made alone and in a batch; for texts, padded to the context.

    Raises ExportRefused where one is below MIN_COSINE.
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
        if not cosine >= MIN_COSINE:
            raise ExportRefused(
                f"{name}: cosine {cosine:.4f} between alone and in a batch, expected {MIN_COSINE}; {why[name]}, so this model "
                "cannot serve here; nothing was written"
            )
    return lowest
