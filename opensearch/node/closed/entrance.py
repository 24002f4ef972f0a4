"""How people and other programs come in to the closed node, and new passwords for it."""

from __future__ import annotations

from collections.abc import Callable

from clipseek.files.processes import locked

from ..errors import NodeError
from ..paths import NodePaths
from ..reach import asking_of, running
from ..state import NodeState
from .closing import set_users, wait_for_security
from .credentials import ADMIN, read_credentials


def entrance(paths: NodePaths) -> dict[str, str]:
    """Address, authority's certificate, user and password of the administrator.

    Raises NodeError where no closed node runs, and where its passwords are lost.
    """
    state = _closed(paths)
    found = read_credentials(paths.credentials)
    return {"url": state.url, "ca": str(paths.authority), "user": ADMIN, "password": found.admin}


def rotate_passwords(paths: NodePaths, say: Callable[[str], None]) -> None:
    """New passwords for the node that runs; the administrator's certificate lets this in where the old ones are lost."""
    with locked(paths.lock):
        asking = asking_of(_closed(paths), paths)
        wait_for_security(asking)
        set_users(paths, asking, say, rotate=True)


def _closed(paths: NodePaths) -> NodeState:
    state = running(paths)
    if state is None:
        raise NodeError("no node runs; start it with: clipseek node start")
    if not state.closed:
        raise NodeError(
            f"the node at {state.url} is open and wants no password; close it with: clipseek node stop, clipseek node start"
        )
    return state
