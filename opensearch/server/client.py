"""One connection to one server, whose failures are this room's errors, each in one line.

The client is opensearch-py's own. Four things differ from a plain one: its transport turns every failure into the tree of
``errors.py``, its serializer is orjson (a 512-float vector takes about 12 microseconds instead of 220), and bodies that are bytes
already are sent unchanged, and what is sent again after a failure is decided in ``transport.py``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import opensearchpy
import orjson
from opensearchpy.serializer import JSONSerializer

from ..node.reach import way_to
from .address import parse_address
from .capabilities import check_server
from .credentials.found import find_credentials
from .credentials.kinds import Credentials, basic
from .credentials.settings import read_settings
from .credentials.tls import tls_context, trusting
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


def connect(
    url: str, *, timeout: float = 30.0, environ: Mapping[str, str] | None = None, check: bool = True
) -> opensearchpy.OpenSearch:
    """A client for the server at ``url`` (``http[s]://[user[:password]@]host[:port]``), ready to use from several threads.

    ``timeout`` is in seconds and for each request. Credentials and the authority of the server's certificate are found as
    ``find_credentials`` and ``tls_context`` say, in ``environ`` and what it names. For this user's own node all of that is known.
    ``check`` asks the server who it is, one short request. Raises the errors of the tree for an address that is none, credentials
    that cannot be used, a server that does not answer, refuses the user, or is not OpenSearch 2.19 or later.
    """
    environ = os.environ if environ is None else environ
    credentials, context = Credentials(), None
    way = way_to(url)
    if way is not None:  # what the environment says is meant for another server
        place = parse_address(url if "://" in url or way.authority is None else f"https://{url}")
        if place.user:
            credentials = basic(place.user, place.password, "the address")
        elif way.authorization is not None:
            credentials = Credentials("clipseek's own user", "the node's folder", way.authorization)
        context = None if way.authority is None else trusting(way.authority)
    else:
        place = parse_address(url)
        settings = read_settings(place, environ)
        credentials = find_credentials(place, settings, environ)
        context = tls_context(settings, credentials.certificate) if place.scheme == "https" else None
    client = opensearchpy.OpenSearch(
        hosts=[place.host_options],
        transport_class=MappingTransport,
        serializer=OrjsonSerializer(),
        timeout=timeout,
        connection_class=Connection,
        pool_maxsize=16,  # a search makes two requests at once; more are opened, and closed again
        credentials=credentials,
        headers=credentials.headers,  # not in hosts: the client's repr shows them
        http_auth=credentials.sign,
        ssl_context=context,
    )
    if check:
        check_server(client)
    return client


def credentials_of(client: opensearchpy.OpenSearch) -> Credentials:
    """What the client asks with."""
    transport = client.transport
    return transport.credentials if isinstance(transport, MappingTransport) else Credentials()
