"""One service, in this process, until it is stopped."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import logging.handlers
import os
import socket
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import uvicorn
from clipseek.files.cache import user_cache
from clipseek.files.processes import identity
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.inventory import list_indexes
from clipseek.opensearch.server.address import address
from clipseek.opensearch.server.client import connect

from ..app import create_app
from ..errors import ServeError
from ..guard.origins import origin_of
from ..guard.secret_files import kept_secret, new_secret, private_folder
from ..log.indexes import LogIndexes
from ..settings import Access, Logging, Settings
from .deadlines import protocol_with
from .listen import check_transport, is_loopback, listen
from .options import STARTING, Options
from .state import Service

_LOG_BYTES = 10_000_000
_BEHIND_US = ("127.0.0.1", "::1")


def serve(options: Options, on_ready: Callable[[Service], None], *, detached: bool = False) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished. ``on_ready`` is told once it answers.

    ``detached``: by ``start_background``. Raises ServeError, or OpenSearchError where the server or an index is missing, before
    anything is left behind.
    """
    check_transport(options)
    folder = private_folder(Path(options.folder))
    indexes = check_indexes(options.url, options.indexes)
    if options.log_days is not None:
        LogIndexes().opened(connect(options.url))
    with listen(options.host, options.port) as listener:
        service, access = _admit(options, folder, listener, indexes)
        if detached:
            service = dataclasses.replace(service, log=str(folder / f"{service.port}.log"))
        try:
            server = _server(options, service, access, lambda: on_ready(service))
            _log_to(service.log, requests=options.access_log)
            with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal that stopped it once more
                server.run(sockets=[listener])
        finally:
            service.forget(folder)
    if not server.started:
        raise ServeError("the service could not be started; the lines above say why")


def check_indexes(url: str, named: tuple[str, ...]) -> tuple[str, ...]:
    """The aliases ``named``, each of them there; without any, all that clipseek made, ``clipseek`` first.

    Raises OpenSearchError where the server or an index is missing, ServeError where there is none at all.
    """
    client = connect(url)
    if named:
        for alias in named:
            versions.current(client, alias)
        return named
    found = sorted({alias for facts in list_indexes(client) for alias in facts.aliases})
    if not found:
        raise ServeError(f"no index at {address(client)} yet; make one with: clipseek ingest SOURCE --model BUNDLE")
    return tuple(sorted(found, key=lambda alias: alias != "clipseek"))


class _Server(uvicorn.Server):
    """Tells ``on_ready`` when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _admit(options: Options, folder: Path, listener: socket.socket, indexes: tuple[str, ...]) -> tuple[Service, Access]:
    """Who may come in, by secrets written into files; and the word to be left of this process."""
    port = int(listener.getsockname()[1])
    origin = None if options.embed_from is None else origin_of(options.embed_from)
    own = Path(options.token_file) if options.token_file else folder / f"{port}.token"
    token = None if options.open else (kept_secret(own) if options.token_file else new_secret(own))
    # Kept over restarts: the links stand in other people's pages.
    key = kept_secret(own.with_suffix(".key") if options.token_file else folder / "links.key") if origin else ""
    hosts = tuple(name.lower().rstrip(".") for name in options.hosts)
    access = Access(token=token, key=key.encode(), port=port, hosts=hosts, embed_from=origin)
    service = Service(
        pid=os.getpid(),
        identity=identity(os.getpid()) or "",
        port=port,
        address=_address(options, port),
        indexes=indexes,
        token_file=None if options.open else str(own),
        log=None,
        started_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        name=options.name,
    )
    return service, access


def _address(options: Options, port: int) -> str:
    """Where people reach the service: by the first name that is allowed, else at the host that is listened on."""
    own_tls = options.certificate is not None
    if options.hosts and not own_tls:  # a proxy speaks https under that name
        return f"https://{options.hosts[0]}{options.root_path}/"
    host = options.hosts[0] if options.hosts else options.host
    if host in ("0.0.0.0", "::", ""):
        host = "127.0.0.1"
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if own_tls else 'http'}://{shown}:{port}{options.root_path}/"


def _server(options: Options, service: Service, access: Access, on_ready: Callable[[], None]) -> _Server:
    settings = Settings(
        url=options.url,
        indexes=service.indexes,
        model=None if options.model is None else Path(options.model),
        root_path=options.root_path,
        roots=tuple(Path(root) for root in options.roots),
        thumbnails=user_cache() / "thumbnails",
        access=access,
        log=None if options.log_days is None else Logging(options.log_days),
    )
    limits = settings.limits
    config = uvicorn.Config(
        create_app(settings),
        http=protocol_with(limits),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Headers of a proxy are believed from those that were named, and from this machine where no TLS is spoken here.
        proxy_headers=bool(options.proxies) or options.certificate is None,
        forwarded_allow_ips=[*options.proxies, *(_BEHIND_US if is_loopback(options.host) else ())],
        timeout_keep_alive=15,
        timeout_graceful_shutdown=round(limits.stop_seconds),
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
    )

    def ready() -> None:
        if service.log is not None:  # from now on it is this service's
            Path(options.folder, STARTING).replace(service.log)
        service.write(Path(options.folder))
        on_ready()

    return _Server(config, ready)


def _log_to(path: str | None, *, requests: bool) -> None:
    """Warnings, and with ``requests`` a line for each, on stderr or in a file that does not grow without end."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if path is not None:
        handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("clipseek.web.access").setLevel("INFO" if requests else "WARNING")
    for name in ("uvicorn", "clipseek.web"):
        logging.getLogger(name).addHandler(handler)
