"""One connection to one server, whose failures are this room's errors, each in one line.

The client is opensearch-py's own. Four things differ from a plain one: over http its connection is that of
``plain_http.py``, its transport turns every failure into the tree of ``errors.py``, its serializer is orjson (a 512-float
vector takes about 12 microseconds instead of 220), and bodies that are bytes already are sent as they are.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import opensearchpy
import orjson
from opensearchpy.serializer import JSONSerializer
from opensearchpy.transport import Transport

from .errors import (
    AccessRefused,
    IndexReadOnly,
    InvalidAddress,
    NotFound,
    OpenSearchError,
    PluginMissing,
    RequestRefused,
    ServerUnfit,
    TimedOut,
    TLSFailed,
    Unreachable,
)
from .plain_http import PlainHttpConnection

#: The oldest server with ``pagination_depth`` and reciprocal rank fusion.
OLDEST = (2, 19)
KNN_PLUGIN = "opensearch-knn"
NEURAL_PLUGIN = "opensearch-neural-search"

_NOT_HERE = "start one here with: clipseek node start, or name another with --url"
# What a server without the plugin answers to what only the plugin knows.
_PLUGIN_SIGNS = (
    (
        re.compile(r"unknown setting \[index\.knn\]|no handler for type \[knn_vector\]|unknown query \[knn\]", re.I),
        KNN_PLUGIN,
    ),
    (
        re.compile(r"unknown query \[hybrid\]|processor.*\[(normalization-processor|score-ranker-processor)\]", re.I),
        NEURAL_PLUGIN,
    ),
)


class OrjsonSerializer(JSONSerializer):
    """JSON by orjson, numpy arrays included. Text and bytes pass as they are: they have been serialised before."""

    def dumps(self, data: Any) -> Any:
        if isinstance(data, (str, bytes)):
            return data
        return orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY)

    def loads(self, s: str) -> Any:
        try:
            return orjson.loads(s)
        except orjson.JSONDecodeError as problem:
            raise opensearchpy.exceptions.SerializationError(s[:100], problem) from problem


class MappingTransport(Transport):
    """A transport out of which no exception of opensearch-py comes: every request's failure is an OpenSearchError."""

    def perform_request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().perform_request(method, url, *args, **kwargs)
        except opensearchpy.exceptions.TransportError as problem:
            raise translated(problem, self.hosts[0]["address"]) from problem
        except opensearchpy.exceptions.SerializationError as problem:
            raise ServerUnfit(
                f"{self.hosts[0]['address']} answered with something that is not JSON; is it an OpenSearch server?"
            ) from problem


def translated(problem: opensearchpy.exceptions.TransportError, address: str) -> OpenSearchError:
    """The error of our tree that says what ``problem``, an answer of the server at ``address``, means to the user."""
    if isinstance(problem, opensearchpy.exceptions.SSLError):
        return _tls_failed(address, problem)
    if isinstance(problem, opensearchpy.exceptions.ConnectionTimeout):
        return TimedOut(f"{address} did not answer in time; is it overloaded or still starting? Run the command again")
    if isinstance(problem, opensearchpy.exceptions.ConnectionError):
        if "CERTIFICATE" in str(problem.info).upper() or "SSL" in str(problem.info).upper():
            return _tls_failed(address, problem)
        return Unreachable(f"no OpenSearch at {address} ({_why_unreachable(problem.info)}); {_NOT_HERE}")
    status = problem.status_code if isinstance(problem.status_code, int) else 0
    kind, reason = _cause(problem)
    return refused(address, status, kind, reason)


def refused(address: str, status: int, kind: str, reason: str) -> OpenSearchError:
    """The error for an answer, or one bulk item, of this HTTP status, error type and reason."""
    if status == 401:
        return AccessRefused(
            f"{address} wants a user and a password, or refused these; put them into the URL "
            "(https://user:password@host:9200) or into CLIPSEEK_USERNAME and CLIPSEEK_PASSWORD"
        )
    if kind == "cluster_block_exception" or "index read-only" in reason:
        if "flood-stage" in reason or "disk usage" in reason:
            return IndexReadOnly(
                f"{address} takes no writes because its disk is nearly full; free some space there (the block goes "
                "away by itself) and run the command again"
            )
        return IndexReadOnly(f"{address} takes no writes here ({reason}); remove the block and run the command again")
    if status == 403:
        return AccessRefused(f"{address} does not let this user do that ({reason}); use one with rights on the index")
    for sign, plugin in _PLUGIN_SIGNS:
        if status == 400 and sign.search(reason):
            return missing_plugin(address, plugin)
    message = f"{address} answered {status}: {reason or kind or 'no reason given'}"
    return (NotFound if status == 404 else RequestRefused)(message, status, kind)


def missing_plugin(address: str, plugin: str) -> PluginMissing:
    """The error for a server without ``plugin``."""
    return PluginMissing(
        f"{address} has no plugin {plugin}; install it there (bin/opensearch-plugin install {plugin}) and restart "
        "that server, or start one that has it: clipseek node start"
    )


def _tls_failed(address: str, problem: opensearchpy.exceptions.TransportError) -> TLSFailed:
    return TLSFailed(
        f"no TLS with {address} ({_brief(problem.info)}); name its authority's certificate in CLIPSEEK_CA_CERTS, or "
        "set CLIPSEEK_VERIFY_CERTS=0 if you trust the way there"
    )


def _cause(problem: opensearchpy.exceptions.TransportError) -> tuple[str, str]:
    """Type and reason of the innermost cause that the server named."""
    info: Any = problem.info
    error = info.get("error") if isinstance(info, dict) else None
    if not isinstance(error, dict):
        return "", _brief(error or problem.error)
    roots = error.get("root_cause") or [error]
    kind, reason = str(error.get("type", "")), str(roots[0].get("reason", ""))
    cause = error.get("caused_by")
    while isinstance(cause, dict):
        if (deeper := str(cause.get("reason", ""))) and deeper not in reason:
            reason = f"{reason}: {deeper}"
        cause = cause.get("caused_by")
    return kind, _brief(reason)


def _why_unreachable(cause: object) -> str:
    """The system's own words for a failed connection, out of urllib3's wrapping."""
    text = str(cause)
    for sign, words in (
        ("refused", "connection refused"),
        ("resolve", "unknown host"),
        ("Name or service", "unknown host"),
        ("timed out", "no answer in time"),
        ("RemoteDisconnected", "it closed the connection; does it want https?"),
        ("reset", "connection reset"),
    ):
        if sign in text:
            return words
    return _brief(text)


def _brief(text: object) -> str:
    """One line of at most 400 characters: a server's reason may hold a whole query."""
    line = " ".join(str(text).split())
    return line if len(line) <= 400 else f"{line[:397]}..."


def _host(url: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """opensearch-py's description of the server, with the address to show (no password in it) under ``address``."""
    address = url if "://" in url else f"http://{url}"
    hint = f"{re.sub(r'//[^/@]*@', '//', url)!r} is no server address; write it like http://localhost:9200"
    try:
        parts = urlsplit(address)
        name, port = parts.hostname, parts.port
    except ValueError as problem:
        raise InvalidAddress(f"{hint} ({problem})") from None
    if parts.scheme not in ("http", "https") or not name or any(character.isspace() for character in url):
        raise InvalidAddress(hint)
    port = port or (443 if parts.scheme == "https" else 9200)
    shown_name = f"[{name}]" if ":" in name else name
    host: dict[str, Any] = {
        "host": name,
        "port": port,
        "scheme": parts.scheme,
        "url_prefix": parts.path.strip("/"),
        "address": f"{parts.scheme}://{shown_name}:{port}{parts.path.rstrip('/')}",
    }
    user = unquote(parts.username) if parts.username else environ.get("CLIPSEEK_USERNAME", "")
    password = unquote(parts.password) if parts.password else environ.get("CLIPSEEK_PASSWORD", "")
    if user:
        # Made here because urllib3's helper takes Latin-1 only, and a password may be anything.
        token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        host["headers"] = {"authorization": f"Basic {token}"}
    return host


def _tls(environ: Mapping[str, str]) -> dict[str, Any]:
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
    CLIPSEEK_VERIFY_CERTS=0 trusts any. ``check`` asks the server who it is, one short request. Raises the errors of
    the tree for an address that is none, a server that does not answer, refuses the user, or is not OpenSearch 2.19
    or later.
    """
    environ = os.environ if environ is None else environ
    host = _host(url, environ)
    client = opensearchpy.OpenSearch(
        hosts=[host],
        transport_class=MappingTransport,
        serializer=OrjsonSerializer(),
        timeout=timeout,
        # One more try covers a kept-alive connection that the server has closed; all that we send may be sent twice.
        max_retries=1,
        pool_maxsize=4,
        **(_tls(environ) if host["scheme"] == "https" else {"connection_class": PlainHttpConnection}),
    )
    if check:
        check_server(client)
    return client


def address(client: opensearchpy.OpenSearch) -> str:
    """Where the client is connected to, without credentials."""
    return str(client.transport.hosts[0]["address"])


def check_server(client: opensearchpy.OpenSearch) -> None:
    """Raise ServerUnfit unless the server is OpenSearch of at least version 2.19."""
    version = (_object(client.info())).get("version")
    version = version if isinstance(version, dict) else {}
    number = str(version.get("number", ""))
    if version.get("distribution") != "opensearch" or not (match := re.match(r"(\d+)\.(\d+)", number)):
        what = f"version {number} of something else" if number else "no version"
        raise ServerUnfit(f"{address(client)} is not OpenSearch (it says {what}); {_NOT_HERE}")
    if (int(match[1]), int(match[2])) < OLDEST:
        raise ServerUnfit(
            f"{address(client)} runs OpenSearch {number}; clipseek needs {OLDEST[0]}.{OLDEST[1]} or later: upgrade "
            "it, or start one here with: clipseek node start"
        )


def check_plugins(client: opensearchpy.OpenSearch) -> None:
    """Raise PluginMissing unless every plugin that search needs is there. A server that lists none is believed."""
    try:
        rows = client.cat.plugins(format="json", params={"h": "component"})
    except (RequestRefused, AccessRefused):
        return
    names = {str(row.get("component", "")) for row in rows} if isinstance(rows, list) else set()
    for plugin in (KNN_PLUGIN, NEURAL_PLUGIN) if names else ():
        if plugin not in names:
            raise missing_plugin(address(client), plugin)


def check_engine(client: opensearchpy.OpenSearch, engine: str) -> None:
    """Raise ServerUnfit for engine ``faiss`` on a server that would die of it.

    faiss needs a native library that comes with the official distributions, not with the plugin's own zip. OpenSearch
    takes the index all the same, and ends at the first flush; restarted, it replays the write and ends again. A server
    cannot be asked for the library, but it tells whether it came with its own Java, which the distributions do.
    """
    if engine != "faiss":
        return
    try:
        nodes = _object(client.nodes.info(metric="jvm", params={"filter_path": "nodes.*.jvm.bundled_jdk"})).get("nodes")
    except (RequestRefused, AccessRefused):
        return
    if any(_object(node.get("jvm")).get("bundled_jdk") is False for node in _object(nodes).values()):
        raise ServerUnfit(
            f"{address(client)} is no official distribution and has no native library for engine faiss: it would "
            "crash. Use --engine lucene, or an official server (docker/compose.yaml)"
        )


def _object(answer: object) -> dict[str, Any]:
    return answer if isinstance(answer, dict) else {}
