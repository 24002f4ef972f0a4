"""What all requests share: the client, a Searcher of each alias, an encoder of each model."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clipseek.encoder import Bundle, BundleError, ClipEncoder, EncoderError
from clipseek.encoder.bundle.files import PATCHES
from clipseek.encoder.bundle.trust import check_trusted
from clipseek.opensearch import Searcher, connect
from clipseek.opensearch.errors import IndexMissing, OpenSearchError
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.protocols import AnyEncoder
from fastapi import Request

from .encoders import SharedEncoder
from .log.journal import Journal
from .metrics import Metrics
from .settings import VERSION_SECONDS, Settings

if TYPE_CHECKING:
    import opensearchpy

#: Of one request of the log.
_LOG_SECONDS = 10.0
#: Given the settings and an index version, the encoder of its model.
OpenEncoder = Callable[[Settings, Version], AnyEncoder]


@dataclass(frozen=True)
class Opened:
    """An index version, its Searcher, and when the alias was last looked up (``time.monotonic``)."""

    version: Version
    searcher: Searcher
    looked_up: float


class State:
    """``open_encoder``: where encoders come from; by default bundles (``bundle_encoder``). ``metrics``: its figures. ``journal``:
    where searches are logged, if they are.
    """

    def __init__(self, settings: Settings, open_encoder: OpenEncoder | None = None) -> None:
        self.settings, self.metrics = settings, Metrics()
        self._open_encoder = open_encoder or bundle_encoder
        self._lock, self._loading = threading.Lock(), threading.Lock()
        self._client: opensearchpy.OpenSearch | None = None
        self._opened: dict[str, Opened] = {}
        self._encoders: dict[str, SharedEncoder] = {}
        self.journal: Journal | None = None
        if log := settings.log:
            # A client of its own: searches do not wait for its connections, nor for long where the server is slow.
            client = connect(settings.url, check=False, timeout=_LOG_SECONDS)
            self.journal = Journal(client, settings.indexes, log.days, self.metrics.count_records, log.indexes)

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
        before = self._opened.get(alias)  # no lock: two that look it up at once find the same
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
        """The encoder of the index's model, loaded once. Raises EncoderError for none, ModelMismatch for another's."""
        with self._loading:
            known = self._encoders.get(version.fingerprint)
            if known is None:
                made = self._open_encoder(self.settings, version)
                version.check_model(made.fingerprint, made.dimension)
                self._let_go()
                known = SharedEncoder(
                    made,
                    self.metrics,
                    seconds=self.settings.encode_seconds,
                    cached=self.settings.cached_vectors,
                )
                self._encoders[version.fingerprint] = known
            return known

    def _let_go(self) -> None:
        """Close the encoders of models that no index has any more."""
        used = {opened.version.fingerprint for opened in self._opened.values()}
        for fingerprint in self._encoders.keys() - used:
            self._encoders.pop(fingerprint).close()

    def start(self) -> None:
        """Load what the first requests need, and begin to log, both in the background."""
        threading.Thread(target=self.warm_up, name="clipseek-warm-up", daemon=True).start()
        if self.journal is not None:
            self.journal.start()

    def warm_up(self) -> None:
        """Load the text towers, so that no request pays for it. What fails here fails again, and is answered, at a request."""
        for alias in self.settings.indexes:
            with contextlib.suppress(OpenSearchError, EncoderError):
                self.encoder(self.opened(alias).version).encode_texts(["a picture"])

    def has_patches(self, version: Version) -> bool:
        """Whether the index's model can show where in a picture words are found."""
        try:
            return PATCHES in find_bundle(self.settings, version).passport.get("extras", {})
        except BundleError:
            return False

    def close(self) -> None:
        """Finish what waits for a vector or to be logged, and let go of the connections."""
        if self.journal is not None:
            self.journal.close()
        for encoder in self._encoders.values():
            encoder.close()
        if self._client is not None:
            self._client.close()


def state_of(request: Request) -> State:
    """The state of the application that got the request."""
    state: State = request.app.state.clipseek
    return state


def bundle_encoder(settings: Settings, version: Version) -> AnyEncoder:
    """The encoder of ``find_bundle``'s bundle. Raises EncoderError."""
    return ClipEncoder(find_bundle(settings, version))


def find_bundle(settings: Settings, version: Version) -> Bundle:
    """``Settings.model`` where that filled the index, else the bundle that the index names. Raises BundleError."""
    if settings.model is not None:
        bundle = Bundle.load(settings.model)
        if bundle.fingerprint == version.fingerprint or not version.bundle or not Path(version.bundle).is_dir():
            return bundle
    if not version.bundle:
        raise BundleError(
            f"index {version.alias} does not say which bundle filled it; name it with --model BUNDLE (or CLIPSEEK_MODEL)"
        )
    check_trusted(Path(version.bundle), version.alias)
    return Bundle.load(version.bundle)
