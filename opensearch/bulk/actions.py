"""What is sent for one document, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["create", "index", "update", "delete"]


@dataclass(frozen=True)
class Action:
    """One document's lines of a bulk body. ``about`` is the caller's own, given back with the answer.

    It may be sent twice without harm: it names its document, and where it must not overwrite what somebody else wrote, it says
    which state of the document it was made for.
    """

    kind: Kind
    id: str
    path: Path
    body: bytes
    about: Any = None


@dataclass(frozen=True)
class Answered:
    """What the server said of an action: ``taken``; ``conflict``, the document is not as the action expects it (there already,
    gone, or written by somebody else meanwhile); or ``refused``, which no second try can change, for ``reason``.
    """

    action: Action
    state: Literal["taken", "conflict", "refused"]
    reason: str = ""
