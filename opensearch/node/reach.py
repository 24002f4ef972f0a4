"""The way to this user's node: who listens there is proved before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import NotFound, RequestRefused
from .asking import Asking
from .closed.credentials import read_credentials
from .errors import NodeError
from .folders import check_unused
from .paths import NodePaths
from .process.port import listens
from .state import NodeState, read_state


def ours(state: NodeState, asking: Asking) -> bool:
    """Whether the process behind the node's port is the one that was started: by the kernel's word, else by its own."""
    answer = listens(state.pid, int(state.url.rpartition(":")[2]))
    if answer is not None:
        return answer
    _, said = asking.send("GET", "/_nodes/_local/process")
    nodes: dict[str, Any] = said.get("nodes", {}) if isinstance(said, dict) else {}
    return any(node.get("process", {}).get("id") == state.pid for node in nodes.values())


def running(paths: NodePaths | None = None) -> NodeState | None:
    """The node that runs and answers; None where none was started, or it was stopped.

    Raises NodeError, in one line, for a node that ended by itself, that is still starting, or whose port another process has.
    """
    paths = paths or NodePaths.default()
    state = read_state(paths.state)
    return None if state is None else _proved(state, paths)


def own(url: str, paths: NodePaths | None = None) -> NodeState | None:
    """This user's node where ``url`` is its address; None for every other server. Raises NodeError, as ``running`` does."""
    paths = paths or NodePaths.default()
    state = read_state(paths.state)
    if state is None or not _same(url, state.url):
        return None
    return _proved(state, paths)


@dataclass(frozen=True)
class Way:
    """How a client gets into this user's node. authorization: the header of clipseek's own user, None for an open node.
    authority: file with the certificate of the closed node's authority.
    """

    authorization: str | None = None
    authority: Path | None = None


def way_to(url: str, paths: NodePaths | None = None) -> Way | None:
    """The way in where ``url`` is the address of this user's node; None for every other server.

    Raises NodeError, as ``running`` does, and where the passwords are lost.
    """
    paths = paths or NodePaths.default()
    state = own(url, paths)
    if state is None:
        return None
    return Way(read_credentials(paths.credentials).authorization, paths.authority) if state.closed else Way()


def asking_of(state: NodeState, paths: NodePaths) -> Asking:
    """Whoever looks after the node asks it: at a closed one its administrator, by certificate."""
    if not state.closed:
        return Asking(state.url)
    from .closed.certificates import trusting

    return Asking(state.url, trusting(paths, administrator=True))


def administrator(url: str) -> Callable[[str, str, Any], Any] | None:
    """Asks this user's closed node at ``url`` as its administrator (method, path, body); None for every other server.

    What it gives raises NotFound for 404 and RequestRefused for other refusals.
    """
    paths = NodePaths.default()
    state = own(url, paths)
    if state is None or not state.closed:
        return None
    asking = asking_of(state, paths)

    def send(method: str, path: str, body: Any) -> Any:
        status, answer = asking.send(method, path, body, timeout=60.0)
        if status not in (200, 201):
            refused = NotFound if status == 404 else RequestRefused
            raise refused(f"{url} answered {status} to {method} {path}", status)
        return answer

    return send


def _proved(state: NodeState, paths: NodePaths) -> NodeState:
    if not state.alive():
        check_unused(paths)
        raise NodeError(
            f"the node of this user, at {state.url}, ended without being stopped ({paths.log} says why); start it again with: "
            "clipseek node start, or name another server with --url (one at this "
            "same address after: clipseek node stop)"
        )
    if not state.ready:
        raise NodeError(f"the node at {state.url} is still starting; wait for it with: clipseek node start")
    if not ours(state, asking_of(state, paths)):
        raise NodeError(
            f"what listens at {state.url} is not the node of this user (process {state.pid}), so nothing was sent; stop the node "
            "and start it on another port: clipseek node stop, clipseek node start --port N"
        )
    return state


def _same(url: str, node: str) -> bool:
    """Whether ``url``, as people write it, is the address ``node`` of a server on this machine."""
    scheme = node.partition(":")[0]
    address = url if "://" in url else f"{scheme}://{url}"  # who names no scheme means the node's
    try:
        asked, there = urlsplit(address), urlsplit(node)
        port = asked.port or 9200
    except ValueError:
        return False
    return asked.scheme == there.scheme and port == there.port and asked.hostname in ("localhost", "127.0.0.1")
