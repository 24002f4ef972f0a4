"""HTTP on loopback for as long as a block lasts."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """To be given ``do_GET`` and the like; it prints nothing of the requests."""

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def listening(handler: type[Handler], port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address, without a slash at its end, at which ``handler`` answers; ``port`` 0 is a free one. ``tls``: it speaks https."""
    # Its threads are daemons: a connection that is kept open does not hold up the end.
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    if tls is not None:
        # Greeted in the connection's own thread, when it first reads: one that does not go on holds up no other.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
