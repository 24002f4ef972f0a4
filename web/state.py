"""What all requests share: the client, a Searcher of each alias, an encoder of each model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch import Searcher, connect
from clipseek.opensearch.errors import IndexMissing
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.protocols import AnyEncoder

from .encoders import SharedEncoder
from .settings import VERSION_SECONDS, Settings

if TYPE_CHECKING:
    import opensearchpy

#: Given the settings and an index version, the encoder of its model.
OpenEncoder = Callable[[Settings, Version], AnyEncoder]


@dataclass(frozen=True)
class Opened:
    """An index version, its Searcher, and when the alias was last looked up (``time.monotonic``)."""

    version: Version
    searcher: Searcher
    looked_up: float


class State:
    """``open_encoder``: where encoders come from; by default bundles (``bundle_encoder``)."""

    def __init__(self, settings: Settings, open_encoder: OpenEncoder | None = None) -> None:
        self.settings = settings
        self._open_encoder = open_encoder or bundle_encoder
        self._lock, self._loading = threading.Lock(), threading.Lock()
        self._client: opensearchpy.OpenSearch | None = None
        self._opened: dict[str, Opened] = {}
        self._encoders: dict[str, SharedEncoder] = {}

    @property
    def client(self) -> opensearchpy.OpenSearch:
        """Connected at first use. Raises OpenSearchError where the address is none."""
        with self._lock:
            if self._client is None:
                self._client = connect(self.settings.url, check=False)
            return self._client

    def opened(self, alias: str) -> Opened:
        """The index behind ``alias``, looked up anew every few seconds, so that a promoted version is seen.

        Raises IndexMissing for an alias that is not served, and where there is none.
        """
        if alias not in self.settings.indexes:
            raise IndexMissing(
                f"no index {alias[:80]!r} is served here; choose one of {', '.join(self.settings.indexes)}"
            )
        before = self._opened.get(alias)
        if before is not None and time.monotonic() - before.looked_up < VERSION_SECONDS:
            return before
        version = versions.current(self.client, alias)
        if before is not None and before.version == version:
            searcher = before.searcher
        else:
            searcher = Searcher(self.client, version, load_encoder=self.encoder)
        self._opened[alias] = now = Opened(version, searcher, time.monotonic())
        return now

    def encoder(self, version: Version) -> SharedEncoder:
        """The encoder of the index's model, loaded once. Raises EncoderError where there is none."""
        with self._loading:
            known = self._encoders.get(version.fingerprint)
            if known is None:
                made = self._open_encoder(self.settings, version)
                known = SharedEncoder(
                    made,
                    seconds=self.settings.encode_seconds,
                    cached=self.settings.cached_vectors,
                )
                self._encoders[version.fingerprint] = known
            return known

    def close(self) -> None:
        for encoder in self._encoders.values():
            encoder.close()
        if self._client is not None:
            self._client.close()


def bundle_encoder(settings: Settings, version: Version) -> AnyEncoder:
    """The encoder of ``Settings.model`` where that filled the index, else of the bundle that the index names.

    Raises BundleError where there is none.
    """
    from clipseek.encoder import BundleError

    if settings.model is not None:
        bundle = Bundle.load(settings.model)
        if bundle.fingerprint == version.fingerprint or not version.bundle or not Path(version.bundle).is_dir():
            return ClipEncoder(bundle)
    if not version.bundle:
        raise BundleError(
            f"index {version.alias} does not say which bundle filled it; name it with --model BUNDLE (or CLIPSEEK_MODEL)"
        )
    return ClipEncoder(Bundle.load(version.bundle))
