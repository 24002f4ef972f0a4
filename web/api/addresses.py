"""Where a client finds a picture of an index."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import Request

#: Pixels of the longer edge of the thumbnail that a hit names.
THUMBNAIL = 320


@dataclass(frozen=True)
class Addresses:
    """Paths on this host. ``root``: the path that a proxy has put before every address."""

    root: str
    alias: str

    @classmethod
    def of(cls, request: Request, alias: str) -> Addresses:
        return cls(str(request.scope.get("root_path", "")).rstrip("/"), alias)

    def picture(self, name: str) -> str:
        return f"{self.root}/pictures/{quote(self.alias)}?{urlencode({'id': name})}"

    def thumbnail(self, name: str) -> str:
        return f"{self.root}/thumbnails/{quote(self.alias)}?{urlencode({'id': name, 'size': THUMBNAIL})}"
