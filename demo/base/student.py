"""The base model's shape, that of the shipped ``demo/data/base``: small enough to fine-tune on two CPU cores in minutes.

Its vocabulary is the first 16,384 tokens of CLIP's own BPE: a prefix of a merge list is itself a BPE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipseek.demo.story import base_checkpoint

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import CLIPModel

IMAGE_SIZE = 96  # pixels; 6 x 6 patches of 16
CONTEXT = 48  # tokens
MEAN = (0.48145466, 0.4578275, 0.40821073)  # CLIP's own
STD = (0.26862954, 0.26130258, 0.27577711)


def clip_tokenizer() -> Tokenizer:
    """The base model's tokenizer."""
    from transformers import CLIPTokenizerFast

    tokenizer: Tokenizer = CLIPTokenizerFast.from_pretrained(base_checkpoint()).backend_tokenizer
    return tokenizer


def new_student() -> CLIPModel:
    """A ``CLIPModel`` with random weights: 12.4 M parameters, projection to 256 dimensions."""
    from transformers import CLIPConfig, CLIPModel

    return CLIPModel(CLIPConfig.from_pretrained(base_checkpoint()))
