"""Saved objects into OpenSearch Dashboards, by its import API (``POST /api/saved_objects/_import``)."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import urllib3

from ..errors import AccessRefused, InvalidAddress, RequestRefused, ServerUnfit, TLSFailed, Unreachable
from ..server.address import parse_address
from ..server.credentials.found import find_credentials
from ..server.credentials.kinds import Credentials
from ..server.credentials.settings import read_settings
from ..server.credentials.tls import tls_context
from .saved_objects import SavedObject, ndjson

PORT = 5601
_SECONDS = 60.0


@dataclass(frozen=True)
class Imported:
    """What became of the objects: titles of those imported, of those that were there already and stay, and of those refused, with
    Dashboards' reason.
    """

    imported: Sequence[str]
    there: Sequence[str]
    refused: Mapping[str, str]


@dataclass(frozen=True)
class Dashboards:
    """OpenSearch Dashboards at ``url`` (``http[s]://[user:password@]host[:port][/path]``, port 5601 where none is named), and there
    the ``tenant`` of the security plugin. Credentials and certificates are found as for ``connect``.

    Raises InvalidAddress.
    """

    url: str
    tenant: str | None = None

    def __post_init__(self) -> None:
        self._way()

    def _way(self) -> tuple[Credentials, ssl.SSLContext | None]:
        place = parse_address(self.url, port=PORT)
        settings = read_settings(place, os.environ)
        credentials = find_credentials(place, settings, os.environ)
        if credentials.sign is not None:
            raise InvalidAddress(
                "OpenSearch Dashboards takes no requests signed for AWS; give a user and password for it"
            )
        return credentials, tls_context(settings, credentials.certificate) if place.scheme == "https" else None

    @property
    def address(self) -> str:
        """Without credentials."""
        return str(parse_address(self.url, port=PORT))

    def put(self, objects: Sequence[SavedObject], *, overwrite: bool = False) -> Imported:
        """Import ``objects``; those that are there already stay as they are, unless ``overwrite``.

        Raises the errors of the tree where Dashboards cannot be reached, refuses the user, or answers otherwise than it should.
        """
        credentials, context = self._way()
        headers = {"osd-xsrf": "true", **credentials.headers}
        if self.tenant is not None:
            headers["securitytenant"] = self.tenant
        file = ("boards.ndjson", ndjson(objects).encode(), "application/x-ndjson")
        query = "true" if overwrite else "false"
        path = f"{self.address}/api/saved_objects/_import?overwrite={query}"
        try:
            with urllib3.PoolManager(ssl_context=context) as pool:
                answer = pool.request(
                    "POST",
                    path,
                    fields={"file": file},
                    headers=headers,
                    timeout=_SECONDS,
                    retries=False,
                    redirect=False,
                )
        except urllib3.exceptions.SSLError as problem:
            raise TLSFailed(
                f"no TLS with {self.address} ({problem}); name its authority's certificate in CLIPSEEK_CA_CERTS, or set "
                "CLIPSEEK_VERIFY_CERTS=0 if you trust the way there"
            ) from None
        except urllib3.exceptions.HTTPError as problem:
            raise Unreachable(
                f"no OpenSearch Dashboards at {self.address} ({_cause(problem)}); name it with --url"
            ) from None
        return self._read(answer, {(each["type"], each["id"]): each["attributes"]["title"] for each in objects})

    def _read(self, answer: urllib3.BaseHTTPResponse, titles: Mapping[tuple[str, str], str]) -> Imported:
        try:
            body = json.loads(answer.data)
        except ValueError:
            body = None
        if answer.status in (401, 403):
            raise AccessRefused(
                f"{self.address} refused the user, or wants one; set CLIPSEEK_USERNAME and CLIPSEEK_PASSWORD"
            )
        if not isinstance(body, dict) or 300 <= answer.status < 400 or (answer.status == 200 and "success" not in body):
            raise ServerUnfit(
                f"{self.address} answered {answer.status} and nothing that OpenSearch Dashboards answers; is it one?"
            )
        if answer.status != 200:
            reason = " ".join(str(body.get("message") or body.get("error") or "no reason given").split())[:400]
            raise RequestRefused(f"{self.address} answered {answer.status}: {reason}", answer.status)
        there, refused = [], {}
        for error in body.get("errors", []):
            title = titles.get((error["type"], error["id"]), error["id"])
            kind = error.get("error", {}).get("type", "unknown")
            if kind == "conflict":
                there.append(title)
            else:
                refused[title] = _reason(error["error"])
        left = {(error["type"], error["id"]) for error in body.get("errors", [])}
        # Where one object is refused, Dashboards imports none.
        imported = [] if refused else [title for key, title in titles.items() if key not in left]
        return Imported(imported, there, refused)


def _reason(error: Mapping[str, Any]) -> str:
    if error.get("type") == "missing_references":
        return "it refers to " + ", ".join(f"{each['type']} {each['id']}" for each in error.get("references", []))
    return str(error.get("message") or error.get("type"))


def _cause(problem: BaseException) -> str:
    if isinstance(problem, urllib3.exceptions.NameResolutionError):
        return "unknown host"
    if isinstance(problem, urllib3.exceptions.NewConnectionError):
        return "connection refused"
    return "no answer in time" if isinstance(problem, urllib3.exceptions.TimeoutError) else type(problem).__name__
