"""Who comes in to a server of tests: by a header as it should be, or by a signature of AWS, worked out here from the request."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import parse_qsl, quote


@dataclass(frozen=True)
class Request:
    """As it came over the wire: ``target`` is path and query, ``headers`` by their names in small letters."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Admits: TypeAlias = Callable[[Request], bool]


def admits_all(request: Request) -> bool:
    """An open server."""
    return True


def by_header(value: str) -> Admits:
    """Whoever sends this header Authorization."""
    return lambda request: request.headers.get("authorization") == value


def by_signature(key: str, secret: str, region: str, service: str = "es", session: str | None = None) -> Admits:
    """Whoever signs with AWS Signature Version 4, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

    Path, query, the named headers, and the body must be those that were signed; the date is not compared with the clock.
    """

    def admits(request: Request) -> bool:
        headers = request.headers
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), ?"
            r"SignedHeaders=(?P<names>[^,]+), ?Signature=(?P<signature>\w+)",
            headers.get("authorization", ""),
        )
        date = headers.get("x-amz-date", "")
        if found is None or found["key"] != key or headers.get("x-amz-security-token") != session:
            return False
        names = found["names"].split(";")
        if not {"host", "x-amz-date"} <= set(names) or (session and "x-amz-security-token" not in names):
            return False
        if found["scope"] != f"{date[:8]}/{region}/{service}/aws4_request":
            return False
        return hmac.compare_digest(found["signature"], _signature(request, names, date, found["scope"], secret))

    return admits


def _signature(request: Request, names: list[str], date: str, scope: str, secret: str) -> str:
    path, _, query = request.target.partition("?")
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parse_qsl(query, True))
    content = hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join(
        (
            request.method,
            quote(path, safe="/-_.~"),  # once more than on the wire
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in names),
            "",
            ";".join(names),
            content,
        )
    )
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
