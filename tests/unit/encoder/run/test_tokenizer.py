from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, BundleError, ClipEncoder
from clipseek.encoder.bundle.bundle import TextSpec
from clipseek.encoder.run.tokenizer import TextTokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models import quiet
from tests.sizes import sized

pytestmark = pytest.mark.train

HOSTILE = [
    "\0",
    "a\0cat",
    "\ud800",
    "cat \udcff.jpg",
    "\ufffe\uffff",
    "'\"{}[]()*?:\\/+-=&&||!~^",
    "{{7*7}} ${jndi} %s %n",
    "\u202e\u200b\u0301\u0301\u0301",
    "e" + "\u0301" * 3000,
    "🏳️‍🌈👨‍👩‍👧‍👦",
    "x" * 100_000,
    " " * 100_000 + "cat",
    "\n" * 50_000,
]


@pytest.fixture(scope="module")
def tokenizer(bundle: Bundle) -> TextTokenizer:
    return TextTokenizer(bundle.path / "tokenizer.json", bundle.text)


@pytest.fixture(scope="module")
def oracle(checkpoint_folder: Path) -> Any:
    with quiet():
        from transformers import CLIPTokenizerFast

        return CLIPTokenizerFast.from_pretrained(checkpoint_folder)


@settings(max_examples=sized(200, 20_000), deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_ids_equal_transformers(tokenizer: TextTokenizer, oracle: Any, text: str) -> None:
    theirs = oracle([text], truncation=True, max_length=24)["input_ids"]
    assert tokenizer.encode([text])[0] == theirs


def test_padding_and_mask_equal_transformers(tokenizer: TextTokenizer, oracle: Any) -> None:
    texts = ["a red cat", "", "many words " * 40]
    ids, mask = tokenizer.pad(tokenizer.encode(texts)[0])
    theirs = oracle(texts, truncation=True, padding=True, max_length=24, return_tensors="np")
    np.testing.assert_array_equal(ids, theirs["input_ids"])
    np.testing.assert_array_equal(mask, theirs["attention_mask"])
    assert ids.dtype == mask.dtype == np.int64


def test_pads_to_the_longest_of_the_batch_only(tokenizer: TextTokenizer) -> None:
    ids, _ = tokenizer.pad(tokenizer.encode(["a cat", "a"])[0])
    assert ids.shape == (2, 4)


def test_cutting_keeps_both_ends(tokenizer: TextTokenizer, bundle: Bundle) -> None:
    (ids,), cut = tokenizer.encode(["cat " * 100])
    assert cut == 1
    assert len(ids) == bundle.text.context_length
    assert ids[-1] == bundle.text.eos_id
    assert ids[0] == bundle.text.eos_id - 1  # start-of-text


@pytest.mark.parametrize(
    "text",
    ["<|endoftext|>", "<|startoftext|> cat", "a <|endoftext|> cat", "<|ENDOFTEXT|>", "<|endof<|endoftext|>text|> cat"],
)
def test_special_tokens_in_a_text_are_only_text(tokenizer: TextTokenizer, bundle: Bundle, text: str) -> None:
    (ids,), _ = tokenizer.encode([text])
    start, end = bundle.text.eos_id - 1, bundle.text.eos_id
    assert ids[0] == start
    assert ids[-1] == end
    assert len(ids) > 4  # spelt out, not swallowed
    assert not {start, end} & set(ids[1:-1])


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_hostile_text_becomes_a_vector(encoder: ClipEncoder, bundle: Bundle, text: str) -> None:
    vector = encoder.encode_texts([text])
    assert vector.shape == (1, bundle.dimension)
    np.testing.assert_allclose(np.linalg.norm(vector), 1, atol=1e-5)


def test_blanks_before_a_word_do_not_hide_it(tokenizer: TextTokenizer) -> None:
    assert tokenizer.encode([" " * 100_000 + "cat"])[0] == tokenizer.encode(["cat"])[0]


def test_a_file_that_is_no_tokenizer_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(BundleError, match=r"tokenizer\.json cannot be read") as caught:
        TextTokenizer(path, TextSpec(24, 0, 1))
    assert "\n" not in str(caught.value)


def test_every_printable_character_survives(tokenizer: TextTokenizer) -> None:
    encoded, _ = tokenizer.encode(list(string.printable))
    assert all(len(ids) >= 2 for ids in encoded)
