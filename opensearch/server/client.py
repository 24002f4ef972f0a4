"""One connection to one server, whose failures are this room's errors, each in one line.

The client is opensearch-py's own. Four things differ from a plain one: its transport turns every failure into the tree of
``errors.py``, its serializer is orjson (a 512-float vector takes about 12 microseconds instead of 220), and bodies that are bytes
already are sent unchanged, and what is sent again after a failure is decided in ``transport.py``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import opensearchpy
import orjson
from opensearchpy.serializer import JSONSerializer

from ..errors import InvalidAddress
from ..node.reach import way_to
from .address import parse_address
from .capabilities import check_server
from .transport import Connection, MappingTransport


class OrjsonSerializer(JSONSerializer):
    """JSON by orjson, numpy arrays included. Text and bytes pass unchanged: they have been serialised before."""

    def dumps(self, data: Any) -> Any:
        if isinstance(data, (str, bytes)):
            return data
        return orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY)

    def loads(self, s: str) -> Any:
        try:
            return orjson.loads(s)
        except orjson.JSONDecodeError as problem:
            raise opensearchpy.exceptions.SerializationError(s[:100], problem) from problem


def tls_options(environ: Mapping[str, str]) -> dict[str, Any]:
    """opensearch-py's options for the server's certificate, as ``connect`` describes them."""
    if environ.get("CLIPSEEK_VERIFY_CERTS", "1").lower() in ("0", "false", "no"):
        return {"verify_certs": False, "ssl_show_warn": False, "ssl_assert_hostname": False}
    authority = environ.get("CLIPSEEK_CA_CERTS")
    if authority and not Path(authority).is_file():
        raise InvalidAddress(
            f"CLIPSEEK_CA_CERTS names {authority}, which is no file; name the authority's certificate (PEM)"
        )
    return {"ca_certs": authority} if authority else {}


def connect(
    url: str, *, timeout: float = 30.0, environ: Mapping[str, str] | None = None, check: bool = True
) -> opensearchpy.OpenSearch:
    """A client for the server at ``url`` (``http[s]://[user:password@]host[:port]``), ready to use from several threads.

    ``timeout`` is in seconds and for each request. Without user and password in the URL, CLIPSEEK_USERNAME and
    CLIPSEEK_PASSWORD are used; CLIPSEEK_CA_CERTS names the authority of the server's certificate, and
    CLIPSEEK_VERIFY_CERTS=0 trusts any. For this user's own node all of that is known. ``check`` asks the server who it
    is, one short request. Raises the errors of the tree for an address that is none, a server that does not answer,
    refuses the user, or is not OpenSearch 2.19 or later.
    """
    environ = os.environ if environ is None else environ
    way = way_to(url)
    tls: dict[str, Any] = {}
    if way is not None:
        environ = {}  # what is meant for another server
        if way.authority is not None:
            url, tls = url if "://" in url else f"https://{url}", {"ca_certs": str(way.authority)}
    host = parse_address(url, environ)
    if way is not None and way.authorization is not None:
        host.setdefault("headers", {"authorization": way.authorization})
    client = opensearchpy.OpenSearch(
        hosts=[host],
        transport_class=MappingTransport,
        serializer=OrjsonSerializer(),
        timeout=timeout,
        connection_class=Connection,
        pool_maxsize=16,  # a search makes two requests at once; more are opened, and closed again
        **(tls or (tls_options(environ) if host["scheme"] == "https" else {})),
    )
    if check:
        check_server(client)
    return client
