"""Which credentials a server gets: at most one kind, from the address, the environment, a file, netrc or the keyring."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from ...errors import InvalidAddress
from ..address import Address, is_loopback
from .aws import signing
from .kinds import ClientCertificate, Credentials, api_key, basic, bearer
from .settings import Settings, variable
from .stores import KEY, TOKEN, from_keyring, from_netrc

#: By what each kind is known to be wanted, and what it is called.
_KINDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("username", "password"), "user and password"),
    (("bearer_token",), "a bearer token"),
    (("api_key",), "an API key"),
    (
        ("aws_region", "aws_profile", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
        "keys for AWS",
    ),
    (("keyring",), "the keyring"),
)


def find_credentials(address: Address, settings: Settings, environ: Mapping[str, str]) -> Credentials:
    """For the server at ``address``; false where there are none. ``environ``: where netrc lies.

    A client certificate may go with one of the other kinds, as servers may want both. Raises InvalidAddress for two kinds, for half
    of one, and where they would go over plain http to another machine.
    """
    wanted = {name: [each for each in names if settings.get(each)] for names, name in _KINDS}
    given = {name: names for name, names in wanted.items() if names}
    if address.user:
        given.setdefault("user and password", [])
    if len(given) > 1:
        where = [f"{name} ({', '.join(map(variable, names)) or 'the address'})" for name, names in given.items()]
        raise InvalidAddress(
            f"credentials of {len(given)} kinds are given, {' and '.join(where)}, so nothing was sent; leave one"
        )
    found = _of_kind(next(iter(given), ""), address, settings, environ)
    certificate = _certificate(settings)
    if certificate is not None:
        if address.scheme != "https":
            raise InvalidAddress(
                f"a client certificate is shown over https alone, and {address} is plain http; use https://"
            )
        kind = f"the client certificate {certificate.certificate}"
        found = dataclasses.replace(
            found,
            certificate=certificate,
            kind=f"{kind}, and {found.kind}" if found else kind,
            source=found.source or settings.source("client_cert"),
            secrets=(*found.secrets, *filter(None, (certificate.password,))),
        )
    if found:
        check_transport(address)
    return found


def check_transport(address: Address) -> None:
    """Raises InvalidAddress for plain http to another machine: whoever is on the way would read the credentials."""
    if address.scheme == "http" and not is_loopback(address.host):
        raise InvalidAddress(
            f"{address} is another machine and speaks plain http, so no password, token or key was sent there; use https://, or "
            "take the credentials away (CLIPSEEK_USERNAME and the like) for a server that wants none"
        )


def _of_kind(kind: str, address: Address, settings: Settings, environ: Mapping[str, str]) -> Credentials:
    if kind == "user and password" or not kind:
        return _password(address, settings, environ)
    if kind == "a bearer token":
        return bearer(settings.get("bearer_token"), settings.source("bearer_token"))
    if kind == "an API key":
        return api_key(settings.get("api_key"), settings.source("api_key"))
    if kind == "keys for AWS":
        return signing(settings)
    name = settings.get("keyring")
    check_transport(address)
    secret = from_keyring(address, name, asked=True) or ""
    source = "the keyring"
    if name == TOKEN:
        return bearer(secret, source)
    return api_key(secret, source) if name == KEY else basic(name, secret, source)


def _password(address: Address, settings: Settings, environ: Mapping[str, str]) -> Credentials:
    """Of the user that the address or the settings name, else of netrc's for this host, else none."""
    user, password, source = address.user, address.password, "the address"
    if not (user and password):
        named = settings.get("username")
        if user and named and named != user:
            raise InvalidAddress(
                "the address names another user than CLIPSEEK_USERNAME, so nothing was sent; leave one of them"
            )
        source = f"the address and {settings.source('password')}" if user else settings.source("username", "password")
        user, password = user or named, settings.get("password")
    if user and password:
        return basic(user, password, source)
    if password:
        raise InvalidAddress("CLIPSEEK_PASSWORD is given without a user; name one in CLIPSEEK_USERNAME")
    if address.scheme == "http" and not is_loopback(address.host):
        if user:
            check_transport(address)
        return Credentials()
    if entry := from_netrc(address, user, environ):
        return basic(*entry)
    if not user:
        return Credentials()
    if kept := from_keyring(address, user, asked=False):
        return basic(user, kept, "the keyring")
    raise InvalidAddress(
        f"no password of the user {user!r} for {address} was found; set CLIPSEEK_PASSWORD, or put it into the file of "
        "CLIPSEEK_CREDENTIALS_FILE, into .netrc or the keyring"
    )


def _certificate(settings: Settings) -> ClientCertificate | None:
    certificate, key = settings.get("client_cert"), settings.get("client_key")
    if not certificate:
        if key:
            raise InvalidAddress(
                "CLIPSEEK_CLIENT_KEY is given without its certificate; name it in CLIPSEEK_CLIENT_CERT"
            )
        return None
    return ClientCertificate(Path(certificate), Path(key) if key else None, settings.get("client_key_password"))
