"""Secrets of each kind, with odd characters, in no output of any command, whatever the server does; nor any spelling of them."""

from __future__ import annotations

import base64
import html
import json
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from clipseek.opensearch.errors import OpenSearchError, TimedOut
from clipseek.opensearch.server.client import connect
from clipseek.testing.server import Answer, FakeServer, error, fake_server

from tests.certificates import Authority
from tests.command import run_command
from tests.sizes import soaking

PLANTED = "Pl4n/ted+'\"%2F@né&<x>"
ASCII = "Pl4n/ted+'\"%2F@ne&<x>"
COMMANDS = (
    ("index", "list"),
    ("server", "check", "--json"),
    ("search", "red", "--index", "nope", "--json"),
    ("pipelines", "list"),
    ("security", "setup", "--user", "reader:search", "--passwords", "{folder}/passwords.json"),
    ("serve", "--index", "nope", "--background"),
    ("ingest", "{folder}", "--index", "nope", "--model", "{folder}"),
)


def spellings(secret: str) -> set[str]:
    """As URLs, JSON, HTML, Python and headers write it."""
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    written = {secret, *quoted, *(each.lower() for each in quoted), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    return {*written, html.escape(secret), base64.b64encode(secret.encode()).decode()}


def environments(folder: Path) -> dict[str, dict[str, str]]:
    """Of each kind, how it is given."""
    netrc, file = folder / "netrc", folder / "credentials.json"
    netrc.write_text(f"machine 127.0.0.1 login feeder password {quote(PLANTED)}\n", "utf-8")
    file.write_text(json.dumps({"username": "feeder", "password": PLANTED}), "utf-8")
    for path in (netrc, file):
        path.chmod(0o600)
    aws = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": ASCII}
    return {
        "password": {"CLIPSEEK_USERNAME": "feeder", "CLIPSEEK_PASSWORD": PLANTED},
        "address": {"CLIPSEEK_URL": f"feeder:{quote(PLANTED, safe='')}@"},
        "token": {"CLIPSEEK_BEARER_TOKEN": ASCII},
        "key": {"CLIPSEEK_API_KEY": ASCII},
        "aws": {**{f"CLIPSEEK_{name}": value for name, value in aws.items()}, "CLIPSEEK_AWS_SESSION_TOKEN": ASCII},
        "file": {"CLIPSEEK_CREDENTIALS_FILE": str(file)},
        "netrc": {"NETRC": str(netrc)},
        "closed key": {"CLIPSEEK_CLIENT_CERT": str(folder / "feeder.pem"), "CLIPSEEK_CLIENT_KEY_PASSWORD": PLANTED},
    }


def echoing(server: FakeServer, secret: str) -> Answer:
    """A proxy that shows people what it got, in the spelling of its language."""
    got = [*server.headers[-1].values(), *sorted(spellings(secret))]
    return error(403, "security_exception", f"not with {' '.join(got)}")


FAULTS: tuple[Callable[[FakeServer, str], Answer], ...] = (
    lambda server, secret: error(404, "index_not_found_exception", secret),
    lambda server, secret: (401, b"Unauthorized"),
    echoing,
    lambda server, secret: (500, json.dumps([dict(server.headers[-1]), secret]).encode()),
    lambda server, secret: (302, secret.encode()),
    lambda server, secret: (0, None),
)
KINDS = ("password", "address", "token", "key", "aws", "file", "netrc", "closed key")


def secret_of(kind: str) -> str:
    if kind == "netrc":
        return quote(PLANTED)
    return ASCII if kind in ("token", "key", "aws") else PLANTED


@pytest.mark.parametrize("kind", KINDS)
def test_no_output_holds_a_secret(kind: str, tmp_path: Path) -> None:
    authority = Authority.new(tmp_path)
    own, key = authority.issue("feeder", PLANTED if kind == "closed key" else "")
    own.write_bytes(own.read_bytes() + key.read_bytes())
    data, secret = tmp_path / "data", secret_of(kind)
    given = {"CLIPSEEK_DATA": str(data), "CLIPSEEK_CA_CERTS": str(authority.path), "HOME": str(data)}
    given |= environments(tmp_path)[kind]

    def run(words: tuple[str, ...], **changed: str) -> str:
        said = run_command(*(word.format(folder=tmp_path) for word in words), environment={**given, **changed})
        left = [path.read_text("utf-8", "replace") for path in data.rglob("*") if path.is_file()]
        for text in (said.stdout, said.stderr, *left):
            assert "Traceback" not in text
            assert not [one for one in spellings(secret) if one in text], text
        return said.stderr

    with fake_server(authority.serving()) as server:
        given["CLIPSEEK_URL"] = server.url.replace("://", f"://{given.get('CLIPSEEK_URL', '')}")
        # Every command meets every fault, over the kinds; at full size each kind brings all of them.
        commands = range(len(COMMANDS)) if soaking() else [KINDS.index(kind)]
        faults = FAULTS[2:4] if kind in ("file", "netrc") and not soaking() else FAULTS
        for number, fault in enumerate(faults):
            server.answer = lambda *_, fault=fault: fault(server, secret)  # type: ignore[method-assign]
            for first in commands:
                run(COMMANDS[(first + number) % len(COMMANDS)])
        assert server.headers
        if kind == "password":
            assert "no TLS with" in run(COMMANDS[0], CLIPSEEK_CA_CERTS="/etc/ssl/certs/ca-certificates.crt")
    assert "connection refused" in run(COMMANDS[0])  # nobody listens any more


@pytest.mark.parametrize("kind", ["password", "token", "key", "aws"])
@pytest.mark.parametrize("fault", ["late", "echoes", "no TLS", "a wrong port"])
def test_no_error_and_no_traceback_holds_a_secret(kind: str, fault: str, server: FakeServer, tmp_path: Path) -> None:
    environ = environments(tmp_path)[kind]
    url = server.url

    def late(*_: Any) -> Answer:
        time.sleep(0.3)
        return 200, {}

    if fault == "late":
        server.answer = late  # type: ignore[method-assign,assignment]
    elif fault == "echoes":
        server.answer = lambda *_: echoing(server, secret_of(kind))  # type: ignore[method-assign]
    elif fault == "no TLS":
        url = url.replace("http", "https")
    else:
        url = "http://127.0.0.1:1"
    with pytest.raises(OpenSearchError) as caught:
        connect(url, timeout=0.05, environ=environ)
    assert isinstance(caught.value, TimedOut) or fault != "late"
    text = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert not [secret for secret in spellings(secret_of(kind)) if secret in text]
