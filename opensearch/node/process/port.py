"""The node's ports: which are free, and whether the process that listens on one is ours."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

from ..errors import PortTaken

PREFERRED_PORT = 9200
# As /proc writes them: 127.0.0.1, the same mapped into IPv6, and any address of either.
_HERE = ("0100007F", "0000000000000000FFFF00000100007F", "00000000", "0" * 32)
_LISTENS = "0A"


def free_ports(wish: int | None) -> tuple[int, int]:
    """A port for HTTP (the wish, 9200, or any) and one for OpenSearch's own transport (any), both free just now."""
    with socket.socket() as first, socket.socket() as second:
        for port in (wish,) if wish is not None else (PREFERRED_PORT, 0):
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                first.bind(("127.0.0.1", port))
            except OSError as problem:
                if wish is not None:
                    raise PortTaken(
                        f"port {wish} cannot be used ({problem.strerror}); choose another with --port"
                    ) from None
                continue
            second.bind(("127.0.0.1", 0))
            return int(first.getsockname()[1]), int(second.getsockname()[1])
    raise PortTaken("no free port on 127.0.0.1; end something that listens there")


def listens(pid: int, port: int) -> bool | None:
    """Whether the process ``pid`` is the one that listens on 127.0.0.1:``port``; None where the system does not tell.

    Sends nothing: the answer is the kernel's, and a process that took the port of a node that died cannot give another.
    """
    if not sys.platform.startswith("linux"):
        return None
    sockets = set[str]()
    for table in ("tcp", "tcp6"):
        try:
            rows = Path("/proc/net", table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            address, _, number = fields[1].partition(":")
            if fields[3] == _LISTENS and int(number, 16) == port and address in _HERE:
                sockets.add(fields[9])
    if not sockets:
        return False
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except FileNotFoundError:
        return False
    except OSError:
        return None
    for name in names:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if (match := re.fullmatch(r"socket:\[(\d+)\]", target)) and match[1] in sockets:
            return True
    return False
