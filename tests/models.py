"""Tiny random CLIP checkpoints, made on the fly: real ones in every respect but size and knowledge. Needs torch."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clipseek.encoder import Bundle

#: Words that get a token of their own; everything else is spelt in bytes, as in any byte-level vocabulary.
WORDS = (  # noqa: SIM905  # a list of fifty strings is no easier to read
    "a an and the of in on with red green blue yellow white black big small two cat dog bird fish house tree car boat "
    "sun moon star flower cup book ball hat photo picture drawing icon circle square line arrow"
).split()


def make_tiny_clip(
    folder: Path,
    *,
    seed: int = 0,
    size: int = 32,
    dimension: int = 48,
    context_length: int = 24,
    legacy_eos: bool = False,
    tokenizer: str = "fast",
    act: str = "quick_gelu",
) -> Path:
    """Save a random CLIPModel (64 wide, 2 layers, ``size`` px, about 0.2 M parameters) with tokenizer and processor.

    ``legacy_eos`` writes eos_token_id 2, as OpenAI's checkpoints have it, so that transformers pools by argmax of ids.
    ``tokenizer`` "slow" leaves vocab.json and merges.txt alone, "fast" adds tokenizer.json. Returns ``folder``.
    """
    import torch

    with quiet():
        from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

        folder.mkdir(parents=True, exist_ok=True)
        vocabulary = write_tokenizer(folder, context_length, tokenizer)
        start, end = vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"]
        config = CLIPConfig(
            text_config={
                "vocab_size": len(vocabulary),
                "hidden_size": 64,
                "intermediate_size": 128,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "max_position_embeddings": context_length,
                "hidden_act": act,
                "bos_token_id": start,
                "eos_token_id": 2 if legacy_eos else end,
                "pad_token_id": end,
            },
            vision_config={
                "hidden_size": 64,
                "intermediate_size": 128,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "image_size": size,
                "patch_size": 8,
                "hidden_act": act,
            },
            projection_dim=dimension,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            CLIPModel(config).save_pretrained(folder)
        CLIPImageProcessor(size={"shortest_edge": size}, crop_size={"height": size, "width": size}).save_pretrained(
            folder
        )
    return folder


def make_tiny_bundle(checkpoint: Path, out: Path) -> Bundle:
    """Export the checkpoint as users do; a second's work."""
    with quiet():
        from clipseek.export.checkpoint import export_bundle

        return export_bundle(str(checkpoint), out)


def write_tokenizer(folder: Path, context_length: int, kind: str = "fast") -> dict[str, int]:
    """Write a CLIP tokenizer that knows WORDS; return its vocabulary. Special tokens come last, as in CLIP's own."""
    from transformers import CLIPTokenizer, CLIPTokenizerFast
    from transformers.models.clip.tokenization_clip import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        pieces = [*word[:-1], word[-1] + "</w>"]
        while len(pieces) > 1:
            if (pieces[0], pieces[1]) not in merges:
                merges.append((pieces[0], pieces[1]))
            pieces[:2] = [pieces[0] + pieces[1]]
    tokens = [*letters, *(letter + "</w>" for letter in letters), *dict.fromkeys(a + b for a, b in merges)]
    vocabulary = {token: at for at, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), "utf-8")
    made = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=context_length)
    made.save_pretrained(folder)
    if kind == "fast":
        CLIPTokenizerFast.from_pretrained(folder).save_pretrained(folder)
    return vocabulary


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """transformers and torch warn about themselves at import and at saving; none of it concerns what is tested."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
