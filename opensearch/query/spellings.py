"""How a value that is filtered by may stand in a keyword field. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice, product
from unicodedata import normalize
from urllib.parse import quote, unquote

from clipseek.files.text import canonical

_MOST = 64


def spellings(field: str, value: str) -> list[str]:
    """``value`` composed, as texts are stored; and as it is written and decomposed, as ids and what an older clipseek stored may
    be. Of ``image_uri``, whose names are as on disk, every name in it so, percent-encoded.
    """
    if field != "image_uri":
        return _forms(value)
    names = [_encoded(piece) for piece in re.split("([/#&=])", value)]
    return list(islice((dict.fromkeys([value, *map("".join, islice(product(*names), _MOST))])), _MOST))


def _forms(text: str) -> list[str]:
    return list(dict.fromkeys([canonical(text), text, normalize("NFD", text)]))


def _encoded(piece: str) -> Iterable[str]:
    if piece.isascii() and "%" not in piece:
        return [piece]
    try:
        return map(quote, _forms(unquote(piece, errors="strict")))
    except UnicodeDecodeError:  # a name of other bytes is as it is
        return [piece]
