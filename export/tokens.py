"""A checkpoint's tokenizer as a bundle's tokenizer.json. What a model was given tokens for stays a token in what people type."""

from __future__ import annotations

import json
from typing import Any


def added_tokens(tokenizer: Any) -> list[str]:
    """Tokens beyond the vocabulary that mark neither a start, an end, padding nor the unknown, by their ids.

    ``tokenizer``: a fast one of transformers.
    """
    own = {tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token, tokenizer.unk_token}
    return [str(token) for _, token in sorted(tokenizer.added_tokens_decoder.items()) if str(token) not in own]


def tokenizer_json(tokenizer: Any) -> str:
    """The text of tokenizer.json. The encoder takes special tokens in a query for plain text, so that nobody can end a query by
    "<|endoftext|>"; tokens that were added for words of a domain are no longer marked as special, and stay tokens there."""
    held = json.loads(tokenizer.backend_tokenizer.to_str())
    extra = set(added_tokens(tokenizer))
    if not any(entry["special"] and entry["content"] in extra for entry in held["added_tokens"]):
        return str(tokenizer.backend_tokenizer.to_str())
    for entry in held["added_tokens"]:
        entry["special"] = entry["special"] and entry["content"] not in extra
    return json.dumps(held, ensure_ascii=False)
