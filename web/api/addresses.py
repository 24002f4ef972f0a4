"""Where a client finds a picture of an index."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import Request

from ..guard.signing import sign, sign_all
from ..state import state_of

#: Pixels of the longer edge of the thumbnail that a hit names.
THUMBNAIL = 320


@dataclass(frozen=True)
class Addresses:
    """Paths on this host. ``root``: the path that a proxy has put before every address; without ``shown`` pictures are off;
    ``key`` signs links for another origin's pages, where there is one.
    """

    root: str
    alias: str
    shown: bool = True
    key: bytes = b""

    @classmethod
    def of(cls, request: Request, alias: str) -> Addresses:
        settings = state_of(request).settings
        access = settings.access
        root = str(request.scope.get("root_path", "")).rstrip("/")
        return cls(root, alias, bool(settings.roots), access.key if access.embed_from else b"")

    def picture(self, name: str) -> str | None:
        return f"{self.root}/pictures/{quote(self.alias)}?{urlencode({'id': name})}" if self.shown else None

    def thumbnail(self, name: str) -> str | None:
        return self._thumbnail(name, {}) if self.shown else None

    def embedded(self, name: str) -> str | None:
        """A thumbnail that the origin of --embed-from may show, and who has this address needs no token."""
        if not (self.shown and self.key):
            return None
        return self._thumbnail(name, {"signature": sign(self.key, self.alias, name)})

    def embedded_any(self) -> str | None:
        """Thumbnails of the whole index, as ``embedded``: ``{id}`` stands for a picture's id, percent-encoded."""
        if not (self.shown and self.key):
            return None
        return (
            f"{self.root}/thumbnails/{quote(self.alias)}?id={{id}}&size=160&signature={sign_all(self.key, self.alias)}"
        )

    def _thumbnail(self, name: str, more: dict[str, str]) -> str:
        return f"{self.root}/thumbnails/{quote(self.alias)}?{urlencode({'id': name, 'size': THUMBNAIL, **more})}"
