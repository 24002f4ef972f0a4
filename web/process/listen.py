"""The socket that is listened on, and who could read what is sent to it."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl

from ..errors import ServeError
from ..guard.hosts import host_name
from ..guard.origins import origin_of
from .options import PREFERRED_PORT, Options

_BACKLOG = 256


def listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens at ``host``; without ``port`` at PREFERRED_PORT or any free one. Raises ServeError."""
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
    except (OSError, UnicodeError):
        raise ServeError(
            f"--host {host!r} is no address of this machine; use 127.0.0.1, or the address of a network card"
        ) from None
    for number in (port,) if port is not None else (PREFERRED_PORT, 0):
        # The protocol is named because asyncio sets TCP_NODELAY only then: without it each answer waits 40 ms for the other
        # side's delayed acknowledgement.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((place[0], number))
            listener.listen(_BACKLOG)
            return listener
        except OSError as problem:
            listener.close()
            if port is not None:
                raise ServeError(
                    f"port {port} of {host} cannot be used ({problem.strerror}); choose another with --port, or see what "
                    "serves there: clipseek serve status"
                ) from None
    raise ServeError(f"no port of {host} is free; end something that listens there")


def check_names(options: Options) -> None:
    """Raise ServeError for a name of the service, a proxy, a path or an origin that is none."""
    for name in options.hosts:
        if host_name(name) != name.lower().rstrip("."):
            raise ServeError(
                f"--allowed-host {name!r} is no host name; write it like pictures.example.org, without port"
            )
    for proxy in options.proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            raise ServeError(f"--proxy {proxy!r} is no IP address; write it like 10.0.0.7, or 10.0.0.0/24") from None
    if not re.fullmatch(r"(/[\w.~-]+)*", options.root_path, re.ASCII):
        raise ServeError(f"--root-path {options.root_path!r} is no path; write it like /icons")
    if options.embed_from is not None and origin_of(options.embed_from) is None:
        raise ServeError(
            f"--embed-from {options.embed_from!r} is no origin; write it like https://dashboards.example.org"
        )


def check_transport(options: Options) -> None:
    """Raise ServeError where a name is none, a certificate cannot be used, or a token would travel over plain http to another
    machine.
    """
    check_names(options)
    if (options.certificate is None) != (options.key is None):
        raise ServeError("--certificate and --key go together; name both files (PEM)")
    if options.certificate is not None and options.key is not None:
        try:
            # A passphrase cannot be asked for by a service; an empty one fails.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(options.certificate, options.key, lambda: "")
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "reason", None) or getattr(problem, "strerror", None) or problem
            raise ServeError(
                f"certificate {options.certificate} with key {options.key} cannot be used ({reason}); name a PEM certificate "
                "and its key without passphrase"
            ) from None
    elif not (options.open or options.proxies or is_loopback(options.host)):
        raise ServeError(
            f"--host {options.host} would send the token to other machines over plain http; name --certificate and --key, or "
            "the proxy that speaks https in front with --proxy ADDRESS"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
