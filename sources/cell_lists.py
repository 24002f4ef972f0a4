"""Lists of captions that stand in one cell of a table, as Flickr30k's and those of pandas have them."""

from __future__ import annotations

import ast
import io
import json
import tokenize
import warnings

_BEGINS, _ENDS = ('["', "['"), ('"]', "']")


def written_list(value: object) -> list[object]:
    """The texts of a list as JSON, Python or numpy (which leaves the commas out) writes it; none of any other text."""
    if not isinstance(value, str) or not value.lstrip().startswith(_BEGINS) or not value.rstrip().endswith(_ENDS):
        return []
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return _of_python(value.strip())
    return found if all(isinstance(text, str) for text in found) else []


def _of_python(text: str) -> list[object]:
    """By its tokens: texts next to each other are two, though Python would join them."""
    found: list[object] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of an escape that is none
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type == tokenize.STRING:
                    found.append(ast.literal_eval(token.string))
                elif token.string not in "[], \n":
                    return []
    except (
        SyntaxError,
        SyntaxWarning,
        DeprecationWarning,
        ValueError,
        MemoryError,
        RecursionError,
        tokenize.TokenError,
    ):
        return []
    return found if all(isinstance(one, str) for one in found) else []
