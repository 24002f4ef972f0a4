"""Every failure as one line: what was given, what was expected, and what to do next."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import ValidationError

from ..errors import describe

#: What the API's messages say of itself, and what it is here.
_HERE = {
    "clipseek serve": "clipseek mcp",
    "/api/v1/openapi.json": "the tool's input schema",
    "ids stand in the second column of clipseek search": "give the id of a hit",
    "the service's log says why": "what clipseek mcp wrote on stderr says why",
}


def one_line(failure: Exception) -> str:
    told = str(json.loads(bytes(describe(failure).body))["detail"])
    for theirs, ours in _HERE.items():
        told = told.replace(theirs, ours)
    return told


def invalid(failure: ValidationError, known: Iterable[str]) -> str:
    """Of arguments that a tool does not take; ``known`` are the names of those that it takes."""
    first = failure.errors(include_url=False)[0]
    name = ".".join(map(str, first["loc"]))[:80] or "the call"
    if first["type"] == "extra_forbidden":
        return f"argument {name!r} is not known; use {', '.join(known)}"
    if first["type"] == "missing":
        return f"argument {name} is missing; give it"
    told = first["msg"].removeprefix("Value error, ")
    given = repr(first["input"])
    shown = given if len(given) <= 80 else f"{given[:77]}..."
    return f"argument {name} is {shown}: {told[:1].lower()}{told[1:]}; change it"
