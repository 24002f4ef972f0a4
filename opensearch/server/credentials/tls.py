"""TLS with a server: whom this side trusts, and which certificate it shows."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi
import urllib3

from ...errors import InvalidAddress
from .kinds import ClientCertificate
from .settings import Settings


def tls_context(settings: Settings, certificate: ClientCertificate | None = None) -> ssl.SSLContext:
    """For a server that is verified by the authorities of CLIPSEEK_CA_CERTS alone, else by those of the system; by none with
    CLIPSEEK_VERIFY_CERTS=0. Raises InvalidAddress for files that cannot be used.
    """
    if settings.get("verify_certs").lower() in ("0", "false", "no"):
        context = trusting(None)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # it was asked for
    else:
        authority = settings.get("ca_certs")
        context = trusting(Path(authority) if authority else None)
    if certificate is not None:
        _show(context, certificate)
    return context


def trusting(authority: Path | None) -> ssl.SSLContext:
    """A context that trusts the certificates of the file ``authority`` alone, else those of the system."""
    if authority is None:
        return ssl.create_default_context(cafile=None if _system_has_some() else certifi.where())
    if not authority.is_file():
        raise InvalidAddress(
            f"CLIPSEEK_CA_CERTS names {authority}, which is no file; name the authority's certificate (PEM)"
        )
    try:
        return ssl.create_default_context(cafile=str(authority))
    except (OSError, ValueError):
        raise InvalidAddress(
            f"CLIPSEEK_CA_CERTS names {authority}, which holds no certificate that can be read; name one in PEM"
        ) from None


def _system_has_some() -> bool:
    """Python of some installers and images knows no system store: certifi's list takes its place."""
    paths = ssl.get_default_verify_paths()
    if os.name == "nt" or paths.cafile is not None:
        return True
    try:
        return paths.capath is not None and bool(os.listdir(paths.capath))
    except OSError:
        return False


def _show(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    own, key = certificate.certificate, certificate.key
    for name, path in (("CLIPSEEK_CLIENT_CERT", own), ("CLIPSEEK_CLIENT_KEY", key)):
        if path is not None and not os.access(path, os.R_OK):
            raise InvalidAddress(f"{name} names {path}, which is no file that can be read; name one in PEM")
    try:
        # Always with a password: without one a closed key would be asked for on the terminal.
        context.load_cert_chain(own, key, password=lambda: certificate.password)
    except (OSError, ValueError):
        raise InvalidAddress(
            f"the client certificate {own} and its key{f' {key}' if key else ''} cannot be used; they must be one pair in PEM, and "
            "a key with a password needs CLIPSEEK_CLIENT_KEY_PASSWORD"
        ) from None
