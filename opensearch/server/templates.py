"""The JSON files of ``clipseek.mappings`` with their placeholders filled in (mappings/README.md says how)."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{([a-z_]+)\}")


@cache
def _text(name: str) -> str:
    return resources.files("clipseek.mappings").joinpath(*name.split("/")).read_text("utf-8")


def fill(name: str, **values: Any) -> dict[str, Any]:
    """The file ``name`` (``images.json``) with every ``"${key}"`` replaced by ``values[key]``, of whatever JSON type.

    Raises KeyError for a placeholder without a value and TypeError for a value without a placeholder: both are our
    own slips.
    """
    used: set[str] = set()

    def replaced(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: replaced(value) for key, value in node.items()}
        if isinstance(node, list):
            return [replaced(value) for value in node]
        if isinstance(node, str) and (match := _PLACEHOLDER.fullmatch(node)):
            used.add(match[1])
            return values[match[1]]
        return node

    body: dict[str, Any] = replaced(json.loads(_text(name)))
    if unused := values.keys() - used:
        raise TypeError(f"{name} has no placeholder for {', '.join(sorted(unused))}")
    return body
