"""A stand-in for the import API of OpenSearch Dashboards: real HTTP on loopback, which checks requests as the source says."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

from clipseek.testing.listening import Handler, listening

Answer = tuple[int, Any]


@dataclass
class FakeDashboards:
    """What it holds, by tenant, type and id; ``credentials``: user and password that it wants, if any. ``answers`` come first, each
    used once.
    """

    url: str = ""
    credentials: str | None = None
    objects: dict[tuple[str | None, str, str], Any] = field(default_factory=dict)
    answers: list[Answer | bytes] = field(default_factory=list)

    def post(self, target: str, headers: Message, body: bytes) -> Answer | bytes:
        """The answer to one request. Of ``src/core/server/saved_objects/routes/import.ts`` and ``import_saved_objects.ts``."""
        if self.answers:
            return self.answers.pop(0)
        if self.credentials is not None:
            wanted = "Basic " + base64.b64encode(self.credentials.encode()).decode()
            if headers.get("authorization") != wanted:
                return 401, {"statusCode": 401, "error": "Unauthorized", "message": "Authentication required"}
        parts = urlsplit(target)
        if parts.path != "/api/saved_objects/_import":
            return 404, {"statusCode": 404, "error": "Not Found", "message": "Not Found"}
        if not headers.get("osd-xsrf"):
            return 400, {
                "statusCode": 400,
                "error": "Bad Request",
                "message": "Request must contain a osd-xsrf header.",
            }
        if headers.get_content_type() != "multipart/form-data":
            return 415, {"statusCode": 415, "error": "Unsupported Media Type", "message": "Unsupported Media Type"}
        name, content = _file(headers, body)
        if not name.endswith(".ndjson"):
            return 400, {"statusCode": 400, "error": "Bad Request", "message": f"Invalid file extension {name}"}
        objects = [json.loads(line) for line in content.decode("utf-8").splitlines() if line]
        return 200, self._import(
            objects, headers.get("securitytenant"), parse_qs(parts.query) == {"overwrite": ["true"]}
        )

    def _import(self, objects: list[Any], tenant: str | None, overwrite: bool) -> Any:
        """Conflicting objects are left out; any other error, and nothing is taken."""
        errors, made = [], {}
        ids = {(each["type"], each["id"]) for each in objects}
        for each in objects:
            title = each["attributes"]["title"]
            facts = {"id": each["id"], "type": each["type"], "title": title, "meta": {"title": title}}
            lost = [
                {"type": one["type"], "id": one["id"]}
                for one in each["references"]
                if one["type"] == "index-pattern"
                and (one["type"], one["id"]) not in ids
                and (tenant, one["type"], one["id"]) not in self.objects
            ]
            if lost:
                errors.append({**facts, "error": {"type": "missing_references", "references": lost}})
            elif (tenant, each["type"], each["id"]) in self.objects and not overwrite:
                errors.append({**facts, "error": {"type": "conflict"}})
            else:
                made[(tenant, each["type"], each["id"])] = each
        if any(error["error"]["type"] != "conflict" for error in errors):
            made = {}
        self.objects.update(made)
        answer: dict[str, Any] = {"success": not errors, "successCount": len(made)}
        return {**answer, "errors": errors} if errors else answer


def _file(headers: Message, body: bytes) -> tuple[str, bytes]:
    """Name and content of the part ``file``."""
    whole = BytesParser().parsebytes(f"content-type: {headers['content-type']}\r\n\r\n".encode() + body)
    for part in whole.get_payload():
        if isinstance(part, Message) and part.get_param("name", header="content-disposition") == "file":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return str(part.get_filename()), content
    raise AssertionError("no file in the request")


@contextmanager
def fake_dashboards() -> Iterator[FakeDashboards]:
    """A FakeDashboards that listens on a free port of loopback."""
    fake = FakeDashboards()

    class Answering(Handler):
        def do_POST(self) -> None:
            answer = fake.post(self.path, self.headers, self.rfile.read(int(self.headers.get("content-length") or 0)))
            status, text = (200, answer) if isinstance(answer, bytes) else (answer[0], json.dumps(answer[1]).encode())
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    with listening(Answering) as fake.url:
        yield fake
