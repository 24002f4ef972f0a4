"""Documents whose pixels would be other ones today: a rule by which files become pixels has changed since they were encoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipseek.encoder.pictures.rules import VERSIONS, outdated, versions_of

from ..index.version import Version


class PixelRules:
    """What an index's documents say of the rules that decided their pixels, and what its ``_meta`` says of all others."""

    def __init__(self, version: Version) -> None:
        made = version.pixel_rules
        self._behind = frozenset(name for name, number in VERSIONS.items() if made.get(name, 1) != number)

    def stale(self, known: Mapping[str, Any], data: bytes) -> tuple[str, ...] | None:
        """None where the document ``known`` of the picture in ``data`` is true; else what it is to store besides its picture's own,
        ``name:version`` of each rule: it may meet them, and so is not asked for again.
        """
        stored = [str(entry) for entry in known.get("pixel_rules") or ()]
        changed = bool(outdated(stored))
        unknown = self._behind - {entry.rpartition(":")[0] for entry in stored}
        if not changed and not unknown:
            return None
        from clipseek.encoder.pictures.probe import may_meet

        found = versions_of(may_meet(data) & self._behind)
        return found if changed or set(found) - set(stored) else None
