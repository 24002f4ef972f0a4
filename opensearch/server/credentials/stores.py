"""Passwords that other programs keep: ``.netrc`` and the system's keyring."""

from __future__ import annotations

import importlib.util
import netrc
from collections.abc import Mapping
from pathlib import Path

from ...errors import InvalidAddress
from ..address import Address
from .private_file import read_private

#: Names in the keyring of what is no user's password.
TOKEN, KEY = "bearer-token", "api-key"


def from_netrc(address: Address, user: str, environ: Mapping[str, str]) -> tuple[str, str, str] | None:
    """User, password and file of the entry for the server's host, where ``user`` is that user or empty; None without one.

    ``default`` is not for us: it would go to every server. Raises InvalidAddress for a file that others may read, or that is none.
    """
    if not (path := _netrc(environ)) or not _names(path, address.host):
        return None  # whatever else is wrong with it does not concern this server
    read_private(path, "the netrc file")
    try:
        entry = netrc.netrc(str(path)).hosts.get(address.host)
    except netrc.NetrcParseError as problem:  # whose message quotes what it holds
        raise InvalidAddress(
            f"the netrc file {path} cannot be understood at line {problem.lineno}; write machine, login and password there"
        ) from None
    if entry is None or not entry[0] or not entry[2] or user not in ("", entry[0]):
        return None
    return entry[0], entry[2], str(path)


def _netrc(environ: Mapping[str, str]) -> Path | None:
    if named := environ.get("NETRC"):
        return Path(named)
    return Path(environ["HOME"], ".netrc") if environ.get("HOME") else None


def _names(path: Path, host: str) -> bool:
    try:
        return host in path.read_text("utf-8", "replace")
    except OSError:
        return False


def from_keyring(address: Address, name: str, *, asked: bool) -> str | None:
    """What the keyring has for ``name`` at this server, whose address is the service's name there; None without it.

    ``asked``: the user named the keyring, so that one that is missing is an error: InvalidAddress.
    """
    if importlib.util.find_spec("keyring") is None:
        if not asked:
            return None
        raise InvalidAddress("CLIPSEEK_KEYRING needs the package keyring; install it: pip install 'clipseek[keyring]'")
    import keyring
    import keyring.errors

    try:
        found = keyring.get_password(str(address), name)
    except keyring.errors.KeyringError as problem:
        if not asked:
            return None
        raise InvalidAddress(
            f"the keyring of this system cannot be asked ({type(problem).__name__}); unlock or set up one, or use "
            "CLIPSEEK_CREDENTIALS_FILE"
        ) from None
    if found is None and asked:
        raise InvalidAddress(
            f"the keyring has nothing for {name} at {address}; put it there with: keyring set {address} {name}"
        )
    return found
