"""Which letters a language's words are read with, and which languages the shipped models read. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from ..errors import OcrUnavailable

#: Of the scripts that one model reads together, what Unicode's names of their letters begin with.
_LATIN = ("LATIN",)
_CHINESE = ("LATIN", "CJK", "BOPOMOFO")
_JAPANESE = ("LATIN", "CJK", "HIRAGANA", "KATAKANA")
#: Languages that are not written in Latin letters, by the names that people use.
_SCRIPTS = {
    **dict.fromkeys(("zh", "zh-cn", "zh-tw", "ch", "chinese_cht"), _CHINESE),
    **dict.fromkeys(("ja", "jp", "japan"), _JAPANESE),
}
_EVERY = ("LATIN", "CJK", "BOPOMOFO", "HIRAGANA", "KATAKANA", "GREEK", "CYRILLIC", "HANGUL", "ARABIC", "THAI")
#: Names of the wheel's own that are another way to say a language.
_SPARE = frozenset(("ch", "chinese_cht", "japan", "french", "german", "rs_latin"))


def scripts_of(languages: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    """The beginnings of the Unicode names of letters that ``languages`` are read with; none for no languages, which are all.
    ``known``: the languages of the recognition model.

    Raises OcrUnavailable for a language that it does not read.
    """
    scripts: dict[str, None] = {}
    for language in languages:
        name = language.strip().lower()
        if name not in known and name not in _SCRIPTS:
            shown = ", ".join(sorted({*known, "ja", "zh"} - _SPARE))
            raise OcrUnavailable(
                f"language {language[:40]!r} is not read by the model that rapidocr brings, which reads {shown}; for another, give "
                "a PP-OCR recognition model of it: --ocr-model FILE.onnx"
            )
        scripts.update(dict.fromkeys(_SCRIPTS.get(name, _LATIN)))
    return tuple(scripts)


def is_read(character: str, scripts: Sequence[str]) -> bool:
    """Whether a model's ``character`` may stand in a text of ``scripts``: a letter of theirs, or no letter of another."""
    name = unicodedata.name(character[:1], "") if character else ""
    return name.startswith(tuple(scripts)) or not name.startswith(_EVERY)
