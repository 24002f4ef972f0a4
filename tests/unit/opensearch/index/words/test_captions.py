from __future__ import annotations

import unicodedata

import pytest
from clipseek.opensearch.index.words.captions import MAX_CAPTION_BYTES, stored_caption
from hypothesis import given
from hypothesis import strategies as st


def test_captions_are_lines_composed() -> None:
    assert stored_caption(["cafe\u0301", "b\udcff"]) == ("café\nb?", 0)
    assert stored_caption([]) == ("", 0)


@pytest.mark.parametrize("character", ["a", "é", "東", "🦊"])
@pytest.mark.parametrize("more", range(-1, 5))
def test_the_cut_is_at_a_whole_character(character: str, more: int) -> None:
    size = len(character.encode())
    whole = character * (MAX_CAPTION_BYTES // size) + "b" * (MAX_CAPTION_BYTES % size)
    assert stored_caption([whole]) == (whole, 0)
    kept, cut = stored_caption([whole[: len(whole) + min(more, 0)] + character * max(more, 0)])
    assert whole.startswith(kept)
    assert cut == max(more, 0) * size
    # One byte more in front, and the last character does not fit.
    kept, cut = stored_caption([f"b{whole}"])
    assert f"b{whole}".startswith(kept)
    assert MAX_CAPTION_BYTES - 4 < len(kept.encode()) <= MAX_CAPTION_BYTES
    assert cut + len(kept.encode()) == MAX_CAPTION_BYTES + 1


@given(st.lists(st.text(), max_size=3))
def test_a_usual_caption_is_whole(captions: list[str]) -> None:
    whole = "\n".join(captions).encode("utf-8", "replace").decode()
    assert stored_caption(captions) == (unicodedata.normalize("NFC", whole), 0)
