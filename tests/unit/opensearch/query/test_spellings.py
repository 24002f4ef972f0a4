from __future__ import annotations

from pathlib import Path
from typing import Literal
from unicodedata import normalize

import pytest
from clipseek.opensearch.index.image_uri import image_uri
from clipseek.opensearch.query.spellings import spellings

Form = Literal["NFC", "NFD"]


@pytest.mark.parametrize("text", ["Zürich", "테스트", "가", "Å", "Ệ", "é"])
def test_a_value_is_looked_for_composed_decomposed_and_as_it_is_written(text: str) -> None:
    for form in (text, normalize("NFC", text), normalize("NFD", text)):
        found = spellings("metadata.city", form)
        assert {normalize("NFC", text), normalize("NFD", text), form} == set(found)
        assert found[0] == normalize("NFC", text)


def test_a_usual_value_stands_once() -> None:
    assert spellings("metadata.set", "lucide 50%") == ["lucide 50%"]
    assert spellings("image_uri", "file:///a%20b/c.png") == ["file:///a%20b/c.png"]


@pytest.mark.parametrize("folder", ["NFC", "NFD"])
@pytest.mark.parametrize("name", ["NFC", "NFD"])
def test_a_file_is_found_however_its_names_are_written(folder: Form, name: Form) -> None:
    uri = image_uri(Path(f"/{normalize(folder, 'Bücher')}/a=b&c #{normalize(name, 'größe')}.jpg"))
    forms: list[Form] = ["NFC", "NFD"]
    for form in forms:
        asked = image_uri(Path(f"/{normalize(form, 'Bücher')}/a=b&c #{normalize(form, 'größe')}.jpg"))
        assert uri in spellings("image_uri", asked)
    assert uri in spellings("image_uri", uri)


def test_names_of_other_bytes_and_long_paths() -> None:
    assert spellings("image_uri", "file:///caf%E9.png") == ["file:///caf%E9.png"]
    long = "file:///" + "%C3%BC/" * 40
    assert long in spellings("image_uri", long)
    assert len(spellings("image_uri", long)) == 64
