"""Pictures and thumbnails by id: found, opened within the roots, decoded few at a time, and kept."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from clipseek.encoder.pictures.crop import Crop

from ..errors import Refused
from ..guard.secret_files import private_folder
from ..settings import Settings
from ..state import State
from .cache import ThumbnailCache
from .places import Places
from .roots import Roots, Window
from .shown import RULES, as_webp, header_of, sent_as_it_is, shown_type, unsent

Result = TypeVar("Result")
_MOST_DIGESTS = 100_000


@dataclass(frozen=True)
class Webp:
    """A thumbnail; ``data`` is None where the client has it already."""

    etag: str
    data: bytes | None


@dataclass(frozen=True)
class Original:
    """A picture's own bytes, to be sent from ``window`` and closed; ``shown`` is the type that browsers show, if any. ``crop``: the
    part of the file's picture that is meant."""

    window: Window
    name: str
    format: str
    shown: str | None
    etag: str
    crop: Crop | None = None


class Pictures:
    """All methods but ``run`` block, and are called by it in threads of their own: a search never waits for a decoder."""

    def __init__(self, state: State, settings: Settings) -> None:
        self._limits, self._roots, self._places = settings.limits, Roots(settings.roots), Places(state)
        self.shown = bool(settings.roots)
        self._cache = None
        if settings.thumbnails is not None and self.shown:
            self._cache = ThumbnailCache(private_folder(settings.thumbnails), settings.limits.cache_bytes)
        self._pool = ThreadPoolExecutor(max(2, min(4, (os.cpu_count() or 2) - 1)), "clipseek-picture")
        self._lock = threading.Lock()
        self._digests: OrderedDict[tuple[int, ...], str] = OrderedDict()

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of ``work``, done in one of few threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def original(self, alias: str, name: str, *, download: bool = False) -> Original:
        """The picture as it is. Raises Refused for what is no picture, or may not be shown, or not be taken away (``download``)."""
        window, called, crop = self._open(alias, name)
        try:
            stream = io.BufferedReader(window)
            header = header_of(stream, self._limits.megapixels)
            if download and not sent_as_it_is(header.format):
                raise unsent(header.format)
            stream.detach()  # else it closes the window when it is collected
            etag = hashlib.sha256(repr(window.identity()).encode()).hexdigest()[:32]
            shown = None if crop else shown_type(header)
            return Original(window, called, header.format, shown, f'"{etag}"', crop)
        except BaseException:
            window.close()
            raise

    def thumbnail(self, alias: str, name: str, size: int, known: Callable[[str], bool]) -> Webp:
        """The picture as WebP, ``size`` pixels at most. ``known``: whether the client has what this ETag names."""
        window, _, crop = self._open(alias, name)
        with window:
            if window.size > self._limits.megabytes * 1e6:
                raise Refused(
                    422,
                    "picture-unreadable",
                    "The picture cannot be read",
                    f"its file has {window.size / 1e6:.0f} MB, the limit is {self._limits.megabytes:g}",
                )
            data: bytes | None = None
            identity = window.identity()
            digest = self._digests.get(identity)
            if digest is None:
                data = window.read(window.size) or b""
                digest = hashlib.sha256(data).hexdigest()
                self._remember(identity, digest)
            part = "" if crop is None else f"-{str(crop).replace(',', '_')}"
            key = f"{digest}-{size}-{RULES}{part}"
            etag = f'"{digest[:32]}-{size}-{RULES}{part}"'
            if known(etag):
                return Webp(etag, None)
            kept = None if self._cache is None else self._cache.get(key)
            if kept is not None:
                return Webp(etag, kept)
            data = data or window.read(window.size) or b""
            made = as_webp(data, size, self._limits.megapixels, self._limits.megabytes, crop)
        if self._cache is not None:
            self._cache.put(key, made)
        return Webp(etag, made)

    def _open(self, alias: str, name: str) -> tuple[Window, str, Crop | None]:
        if not self.shown:
            raise Refused(
                404,
                "pictures-off",
                "Pictures are not shown",
                "no folder of pictures was named; start with clipseek serve --pictures ROOT",
            )
        place, crop = self._places.find(alias, name)
        return self._roots.open(place), place.name.rpartition("/")[2], crop

    def _remember(self, identity: tuple[int, ...], digest: str) -> None:
        with self._lock:
            self._digests[identity] = digest
            while len(self._digests) > _MOST_DIGESTS:
                self._digests.popitem(last=False)
