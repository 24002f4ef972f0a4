"""The base model's shape: a transformers ``CLIPModel`` small enough to fine-tune on two CPU cores in minutes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import CLIPModel

IMAGE_SIZE = 96  # pixels; 6 x 6 patches of 16
VOCABULARY = 16_384  # the first merges of CLIP's own BPE: a prefix of a merge list is itself a BPE
CONTEXT = 48  # tokens
MEAN = (0.48145466, 0.4578275, 0.40821073)  # CLIP's own
STD = (0.26862954, 0.26130258, 0.27577711)


def byte_alphabet() -> list[str]:
    """The 256 printable stand-ins for bytes that byte-level BPE uses, in CLIP's order."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    rest = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(rest))]


def write_tokenizer(merges_gz: Path, folder: Path) -> None:
    """Write vocab.json and merges.txt of the shortened CLIP vocabulary into ``folder``.

    ``merges_gz`` is ``bpe_simple_vocab_16e6.txt.gz`` as open_clip (MIT) ships it.
    """
    alphabet = byte_alphabet()
    count = VOCABULARY - 2 * len(alphabet) - 2
    merges = gzip.decompress(merges_gz.read_bytes()).decode("utf-8").split("\n")[1 : count + 1]
    tokens = alphabet + [char + "</w>" for char in alphabet] + ["".join(merge.split()) for merge in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    if len(vocabulary) != VOCABULARY:
        raise ValueError(f"{len(vocabulary)} distinct tokens, expected {VOCABULARY}: the merge list is not CLIP's")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", "utf-8")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    config = {**special, "pad_token": "<|endoftext|>", "model_max_length": CONTEXT, "tokenizer_class": "CLIPTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1), "utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps({**special, "pad_token": "<|endoftext|>"}), "utf-8")
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "image_processor_type": "CLIPImageProcessor",
                "do_convert_rgb": True,
                "do_resize": True,
                "size": {"shortest_edge": IMAGE_SIZE},
                "resample": 3,
                "do_center_crop": True,
                "crop_size": {"height": IMAGE_SIZE, "width": IMAGE_SIZE},
                "do_rescale": True,
                "rescale_factor": 1 / 255,
                "do_normalize": True,
                "image_mean": list(MEAN),
                "image_std": list(STD),
            },
            indent=1,
        ),
        "utf-8",
    )


def new_student() -> CLIPModel:
    """A ``CLIPModel`` with random weights: 12.6 M parameters, projection to 256 dimensions."""
    from transformers import CLIPConfig, CLIPModel

    config = CLIPConfig(
        projection_dim=256,
        logit_scale_init_value=2.6592,
        text_config={
            "vocab_size": VOCABULARY,
            "hidden_size": 256,
            "intermediate_size": 1024,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "max_position_embeddings": CONTEXT,
            "projection_dim": 256,
            "bos_token_id": VOCABULARY - 2,
            "eos_token_id": VOCABULARY - 1,
            "pad_token_id": VOCABULARY - 1,
        },
        vision_config={
            "hidden_size": 256,
            "intermediate_size": 1024,
            "num_hidden_layers": 6,
            "num_attention_heads": 4,
            "image_size": IMAGE_SIZE,
            "patch_size": 16,
            "projection_dim": 256,
        },
    )
    return CLIPModel(config)
