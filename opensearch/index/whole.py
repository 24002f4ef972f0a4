"""An entry that is several documents, tiles of a scene or pages of a file: how many of them have ended, and as what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

_IN_TURN: tuple[Literal["replaced", "indexed", "joined", "unchanged"], ...] = (
    "replaced",
    "indexed",
    "joined",
    "unchanged",
)


@dataclass
class Whole:
    """``id``: of the entry, with which its parts' ids begin; ``parts``: how many it has. ``ended``: of how many it is known what
    became of them, by that. ``failed``: of those that are not in the index, the first one's name, kind and reason.
    """

    id: str
    parts: int
    ended: Counter[str] = field(default_factory=Counter)
    failed: tuple[str, str, str] | None = None
    encoded: bool = False
    _begun: bool = False

    def begins(self) -> bool:
        """True once: at its first part."""
        begun, self._begun = self._begun, True
        return not begun

    def end(self, state: str, *, encoded: bool = False) -> bool:
        """Count one part that ended as ``state``; True for the last."""
        self.ended[state] += 1
        self.encoded |= encoded
        return self.ended.total() == self.parts

    def fail(self, name: str, kind: str, reason: str) -> bool:
        """Count one part that is not in the index; True for the last."""
        self.failed = self.failed or (name, kind, reason)
        return self.end("failed")

    @property
    def state(self) -> Literal["replaced", "indexed", "joined", "unchanged"]:
        """What the entry counts as, where its parts ended differently. Of its parts one at least is there."""
        return next(state for state in _IN_TURN if self.ended[state])

    @property
    def there(self) -> int:
        """How many parts are in the index."""
        return self.parts - self.ended["failed"]
