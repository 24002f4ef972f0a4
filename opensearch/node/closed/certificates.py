"""The closed node's TLS: an authority of its own, the node's certificate, and one by which clipseek itself is its administrator."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..folders import make_folder, write_private
from ..paths import NodePaths

ADMIN, NODE = "clipseek administrator", "clipseek node"
_DAYS, _RENEW = 3650, 90  # for how long, and how long before its end it is made anew


def subject(name: str) -> str:
    """As OpenSearch's settings write it."""
    return f"CN={name},O=clipseek"


def make_certificates(paths: NodePaths, also: Sequence[str] = (), *, organization: bool = True) -> bool:
    """Make what is missing or ends soon, all of it at once; returns whether it did. Only this user may read the keys.

    The node's certificate is for this machine, and for the host names ``also``. Without ``organization`` a subject has no comma,
    which separates several where a setting is given outside of a file.
    """
    if _last(paths):
        return False
    make_folder(paths.tls)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate(_named("clipseek authority", organization), authority_key, None)
    write_private(paths.authority, _pem(authority))
    for name, stem in ((NODE, "node"), (ADMIN, "admin")):
        key = ec.generate_private_key(ec.SECP256R1())
        hosts = ("localhost", *also) if name == NODE else ()
        certificate = _certificate(_named(name, organization), key, (authority, authority_key), hosts)
        write_private(paths.tls / f"{stem}.pem", _pem(certificate) + _pem(authority))
        write_private(paths.tls / f"{stem}-key.pem", _key(key))
    return True


def trusting(paths: NodePaths, *, administrator: bool = False) -> ssl.SSLContext:
    """A context that trusts this node's authority alone: whoever answers without its key is not the node."""
    context = ssl.create_default_context(cafile=str(paths.authority))
    if administrator:
        context.load_cert_chain(paths.tls / "admin.pem", paths.tls / "admin-key.pem")
    return context


def _last(paths: NodePaths) -> bool:
    """Whether every certificate is there, with its key, and lasts a while."""
    try:
        for stem in ("node", "admin"):
            certificate = x509.load_pem_x509_certificate((paths.tls / f"{stem}.pem").read_bytes())
            serialization.load_pem_private_key((paths.tls / f"{stem}-key.pem").read_bytes(), None)
            if certificate.not_valid_after_utc < datetime.now(timezone.utc) + timedelta(days=_RENEW):
                return False
        x509.load_pem_x509_certificate(paths.authority.read_bytes())
    except (OSError, ValueError):
        return False
    return True


def _named(name: str, organization: bool) -> x509.Name:
    common = x509.NameAttribute(NameOID.COMMON_NAME, name)
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "clipseek"), common] if organization else [common])


def _certificate(
    own: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    hosts: Sequence[str] = (),
) -> x509.Certificate:
    signer = key if issuer is None else issuer[1]
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(own if issuer is None else issuer[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks are set back
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(
            x509.BasicConstraints(ca=issuer is None, path_length=0 if issuer is None else None), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_usage(issuer is None), critical=True)
    )
    if issuer is not None:
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        names = [
            *(x509.DNSName(host) for host in hosts),
            *(x509.IPAddress(ipaddress.ip_address(one)) for one in ("127.0.0.1", "::1")),
        ]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _key(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8  # what the plugin reads
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode("ascii")
