"""Ports for servers that tests start."""

from __future__ import annotations

import socket


def free_port() -> int:
    """One of this machine that nothing listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
