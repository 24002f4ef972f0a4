"""Where the picture of an id lies, as the index says."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.parts import crop_of
from clipseek.opensearch.index.image_uri import Place, image_place

from ..errors import Refused
from ..state import State

_SECONDS = 30.0
_MOST = 20_000


class Places:
    """Asks the index, and keeps the answers for some seconds: a page of hits asks for each of its pictures."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], tuple[float, tuple[Place, Crop | None]]] = OrderedDict()

    def find(self, alias: str, name: str) -> tuple[Place, Crop | None]:
        """The place of the picture ``name``, and which part of the file's picture it is.

        Raises Refused where there is none, OpenSearchError where the server is away."""
        opened, key = self._state.opened(alias), (alias, name)
        with self._lock:
            known = self._known.get(key)
            if known is not None and time.monotonic() - known[0] < _SECONDS:
                return known[1]
        place = self._ask(opened.version.index, name)
        with self._lock:
            self._known[key] = (time.monotonic(), place)
            self._known.move_to_end(key)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return place

    def _ask(self, index: str, name: str) -> tuple[Place, Crop | None]:
        answer = self._state.client.mget(
            index=index, body={"ids": [name]}, params={"_source_includes": "image_uri,part"}
        )
        (document,) = answer["docs"]
        if not document.get("found"):
            raise Refused(
                404,
                "picture-unknown",
                "There is no such picture",
                f"the index holds no picture with the id {name[:80]!r}",
            )
        place = image_place(str(document["_source"].get("image_uri") or ""))
        if place is None:
            raise Refused(
                404,
                "picture-elsewhere",
                "The picture is not on this machine",
                "the index says that the picture is no file of this machine; serve where its folder is",
            )
        return place, crop_of(document["_source"].get("part"))
