"""Requests to the embedded node by whoever looks after it, before any client of it is made."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_UNANSWERED = (OSError, ValueError, http.client.HTTPException)


@dataclass(frozen=True)
class Asking:
    """Where the node is and who asks. Straight to it: no proxy of the environment is in between."""

    url: str
    tls: ssl.SSLContext | None = None
    authorization: str | None = None

    def send(self, method: str, path: str, body: Any = None, timeout: float = 10.0) -> tuple[int, Any]:
        """Status and JSON of the answer; (0, None) where none came, and None for a body that is no JSON."""
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or 9200
        connection = (
            http.client.HTTPConnection(host, port, timeout=timeout)
            if self.tls is None
            else http.client.HTTPSConnection(host, port, timeout=timeout, context=self.tls)
        )
        headers = {"accept": "application/json", "content-type": "application/json"}
        if self.authorization:
            headers["authorization"] = self.authorization
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            status, content = answer.status, answer.read()
        except _UNANSWERED:
            return 0, None
        finally:
            connection.close()
        try:
            return status, json.loads(content)
        except ValueError:
            return status, None
