"""Each kind of credentials from each place, on a stand-in that admits nobody else; and what is refused in one line."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest
from clipseek.opensearch.errors import AccessRefused, InvalidAddress, TLSFailed, Unreachable
from clipseek.opensearch.server.address import parse_address
from clipseek.opensearch.server.client import connect, credentials_of
from clipseek.testing.access import Admits, by_header, by_signature
from clipseek.testing.server import FakeServer, fake_server

from tests.certificates import Authority

KEY, SECRET, SESSION = "AKIDEXAMPLE", "wJalr/XUtn+FEMI%2F k3y", "Sess/ion+token=="
AWS = {
    "CLIPSEEK_AWS_REGION": "eu-west-1",
    "CLIPSEEK_AWS_ACCESS_KEY_ID": KEY,
    "CLIPSEEK_AWS_SECRET_ACCESS_KEY": SECRET,
}
BASIC = by_header("Basic " + base64.b64encode('feeder:pä ss/%2F:"w@rd'.encode()).decode())
PASSWORD = 'pä ss/%2F:"w@rd'


class Kept(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self, kept: dict[tuple[str, str], str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept = kept

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def kept() -> Iterator[dict[tuple[str, str], str]]:
    before, kept = keyring.get_keyring(), dict[tuple[str, str], str]()
    keyring.set_keyring(Kept(kept))
    yield kept
    keyring.set_keyring(before)


def private(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize(
    ("given", "admits", "kind"),
    [
        ({"CLIPSEEK_USERNAME": "feeder", "CLIPSEEK_PASSWORD": PASSWORD}, BASIC, "user feeder with a password"),
        ({"CLIPSEEK_BEARER_TOKEN": "ey.J0e/+_-~="}, by_header("Bearer ey.J0e/+_-~="), "a bearer token"),
        ({"CLIPSEEK_API_KEY": "os_Zm9v"}, by_header("ApiKey os_Zm9v"), "an API key"),
        (AWS, by_signature(KEY, SECRET, "eu-west-1"), "requests signed for AWS (es, eu-west-1, key AKID...)"),
        (
            {**AWS, "CLIPSEEK_AWS_SESSION_TOKEN": SESSION, "CLIPSEEK_AWS_SERVICE": "aoss"},
            by_signature(KEY, SECRET, "eu-west-1", "aoss", SESSION),
            "requests signed for AWS (aoss, eu-west-1, key AKID...)",
        ),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_each_kind_comes_in(
    server: FakeServer, tmp_path: Path, given: dict[str, str], admits: Admits, kind: str, place: str
) -> None:
    server.admits, environ, source = admits, given, "the environment"
    if place == "file":
        fields = {name.removeprefix("CLIPSEEK_").lower(): value for name, value in given.items()}
        source = private(tmp_path / "credentials.json", json.dumps({"url": server.url, **fields}))
        environ = {"CLIPSEEK_CREDENTIALS_FILE": source}
    client = connect(server.url, environ=environ)
    assert str(credentials_of(client)) == f"{kind}, from {source}"
    # Signed as they are sent: other methods, bodies, queries, and names that are quoted.
    client.bulk(body=b'{"index": {"_index": "a", "_id": "1"}}\n{"n": 1}\n', params={"filter_path": "items.*,took"})
    client.indices.create(index="日本 <a>,b*", body={})
    secrets = [given[name] for name in given if re.search("PASSWORD|TOKEN|API_KEY|SECRET", name)]
    for text in (repr(client), repr(credentials_of(client)), str(client.transport.hosts)):
        assert secrets
        assert not any(secret in text for secret in secrets)
    with pytest.raises(AccessRefused, match="wants credentials, or refused these"):
        connect(server.url, environ={})


def test_a_signature_is_of_this_very_request() -> None:
    """The stand-in refuses a signature by another secret, for another region, and of another body."""
    with fake_server() as server:
        server.admits = by_signature(KEY, SECRET, "eu-west-1")
        for changed in ({"CLIPSEEK_AWS_SECRET_ACCESS_KEY": "other"}, {"CLIPSEEK_AWS_REGION": "eu-west-2"}):
            with pytest.raises(AccessRefused):
                connect(server.url, environ={**AWS, **changed})
        client = connect(server.url, environ=AWS)
        admits = server.admits
        server.admits = lambda request: admits(type(request)(request.method, request.target, request.headers, b"x"))
        with pytest.raises(AccessRefused):
            client.indices.create(index="a", body={})


def test_keys_of_aws_itself(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.admits = by_signature(KEY, SECRET, "eu-west-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
    with pytest.raises(InvalidAddress, match="no keys for AWS were found"):
        connect(server.url, environ={"CLIPSEEK_AWS_REGION": "eu-west-1"})
    (tmp_path / "keys").write_text(f"[feeder]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    environ = {"CLIPSEEK_AWS_REGION": "eu-west-1", "CLIPSEEK_AWS_PROFILE": "feeder"}
    client = connect(server.url, environ=environ)
    assert credentials_of(client).source == "AWS's own configuration (shared-credentials-file)"
    with pytest.raises(InvalidAddress, match="gives no keys"):
        connect(server.url, environ={**environ, "CLIPSEEK_AWS_PROFILE": "other"})


def test_what_is_signed_is_not_logged(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    connect(server.url, environ={**AWS, "CLIPSEEK_AWS_SESSION_TOKEN": SESSION})
    assert SESSION not in caplog.text


@pytest.mark.parametrize(
    ("text", "user", "comes_in"),
    [
        (f"machine 127.0.0.1 login feeder password {'p4ss-w0rd'}", "", True),
        (f"machine 127.0.0.1 login feeder password {'p4ss-w0rd'}", "feeder@", True),
        (f"machine other login feeder password x\ndefault login feeder password {'p4ss-w0rd'}", "", False),
        ("", "", False),
    ],
)
@pytest.mark.parametrize("variable", ["NETRC", "HOME"])
def test_netrc(server: FakeServer, tmp_path: Path, text: str, user: str, comes_in: bool, variable: str) -> None:
    server.admits = by_header("Basic " + base64.b64encode(b"feeder:p4ss-w0rd").decode())
    path = private(tmp_path / ".netrc", text)
    environ = {variable: path if variable == "NETRC" else str(tmp_path)}
    url = server.url.replace("://", f"://{user}")
    if comes_in:
        assert str(credentials_of(connect(url, environ=environ))) == f"user feeder with a password, from {path}"
    else:
        with pytest.raises(AccessRefused):
            connect(url, environ=environ)


def test_the_keyring(server: FakeServer, kept: dict[tuple[str, str], str]) -> None:
    kept[server.url, "feeder"] = PASSWORD
    kept[server.url, "bearer-token"], kept[server.url, "api-key"] = "t0ken-t0ken", "os_key"
    for environ, admits in (
        ({"CLIPSEEK_USERNAME": "feeder"}, BASIC),
        ({"CLIPSEEK_KEYRING": "feeder"}, BASIC),
        ({"CLIPSEEK_KEYRING": "bearer-token"}, by_header("Bearer t0ken-t0ken")),
        ({"CLIPSEEK_KEYRING": "api-key"}, by_header("ApiKey os_key")),
    ):
        server.admits = admits
        assert credentials_of(connect(server.url, environ=environ)).source == "the keyring"
    with pytest.raises(InvalidAddress, match=f"put it there with: keyring set {server.url} other"):
        connect(server.url, environ={"CLIPSEEK_KEYRING": "other"})


def test_client_certificates(tmp_path: Path) -> None:
    authority = Authority.new(tmp_path)
    own, key = authority.issue("feeder")
    closed, closed_key = authority.issue("closed", password=PASSWORD)
    (tmp_path / "other").mkdir()
    other, other_key = Authority.new(tmp_path / "other").issue("other")
    trust = {"CLIPSEEK_CA_CERTS": str(authority.path)}
    shown = {"CLIPSEEK_CLIENT_CERT": str(own), "CLIPSEEK_CLIENT_KEY": str(key)}
    with fake_server(authority.serving(clients=True)) as server:
        client = connect(server.url, environ={**trust, **shown})
        assert str(credentials_of(client)) == f"the client certificate {own}, from the environment"
        server.admits = by_header("ApiKey os_key")
        connect(server.url, environ={**trust, **shown, "CLIPSEEK_API_KEY": "os_key"})  # servers may want both
        server.admits = lambda request: True
        locked = {"CLIPSEEK_CLIENT_CERT": str(closed), "CLIPSEEK_CLIENT_KEY": str(closed_key)}
        connect(server.url, environ={**trust, **locked, "CLIPSEEK_CLIENT_KEY_PASSWORD": PASSWORD})
        for wrong, reason in (
            (locked, "a key with a password needs CLIPSEEK_CLIENT_KEY_PASSWORD"),
            ({**shown, "CLIPSEEK_CLIENT_KEY": str(other_key)}, "must be one pair in PEM"),
            ({"CLIPSEEK_CLIENT_CERT": "/nope.pem"}, "names /nope.pem, which is no file"),
            ({"CLIPSEEK_CLIENT_KEY": str(key)}, "given without its certificate"),
        ):
            with pytest.raises(InvalidAddress, match=reason):
                connect(server.url, environ={**trust, **wrong})
        with pytest.raises((TLSFailed, Unreachable), match=r"name one in CLIPSEEK_CLIENT_CERT|connection reset"):
            connect(server.url, environ=trust)
        strange = {"CLIPSEEK_CLIENT_CERT": str(other), "CLIPSEEK_CLIENT_KEY": str(other_key)}
        with pytest.raises((TLSFailed, Unreachable)):
            connect(server.url, environ={**trust, **strange})
        with pytest.raises(TLSFailed, match="CLIPSEEK_CA_CERTS"):
            connect(server.url, environ=shown)  # the system does not know this authority
        connect(server.url, environ={**shown, "CLIPSEEK_VERIFY_CERTS": "0"})
    with pytest.raises(InvalidAddress, match="is plain http; use https://"):
        connect("http://127.0.0.1:1", environ=shown)


def test_the_systems_own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As OpenSSL finds it, which also heeds SSL_CERT_FILE."""
    authority = Authority.new(tmp_path)
    with fake_server(authority.serving()) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
        connect(server.url, environ={})
        monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
        with pytest.raises(TLSFailed):
            connect(server.url, environ={})


TWO_KINDS = [
    {"CLIPSEEK_USERNAME": "me", "CLIPSEEK_PASSWORD": "s-3-cret", "CLIPSEEK_API_KEY": "s-3-cret"},
    {"CLIPSEEK_BEARER_TOKEN": "s-3-cret", "CLIPSEEK_API_KEY": "s-3-cret"},
    {**AWS, "CLIPSEEK_AWS_SECRET_ACCESS_KEY": "s-3-cret", "CLIPSEEK_PASSWORD": "s-3-cret"},
    {"CLIPSEEK_KEYRING": "api-key", "CLIPSEEK_BEARER_TOKEN": "s-3-cret"},
]


@pytest.mark.parametrize("environ", TWO_KINDS)
def test_two_kinds_are_refused(environ: dict[str, str]) -> None:
    with pytest.raises(InvalidAddress, match=r"credentials of 2 kinds are given, .*; leave one") as caught:
        connect("https://127.0.0.1:1", environ=environ)
    assert "3-cr" not in str(caught.value)


@pytest.mark.parametrize("address", ["https://me@host", "https://me:x@host"])
def test_a_user_in_the_address_is_a_kind_of_its_own(address: str) -> None:
    with pytest.raises(InvalidAddress, match=r"user and password \(the address\)"):
        connect(address, environ={"CLIPSEEK_API_KEY": "x"})
    with pytest.raises(InvalidAddress, match="names another user"):
        connect("https://me@host", environ={"CLIPSEEK_USERNAME": "other", "CLIPSEEK_PASSWORD": "x"})


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"CLIPSEEK_PASSWORD": "s-3-cret"}, "given without a user"),
        ({"CLIPSEEK_USERNAME": "me"}, "no password of the user 'me'"),
        ({"CLIPSEEK_BEARER_TOKEN": "s-3-cret\r\nX-Other: 1"}, "the bearer token holds a blank, a line's end"),
        ({"CLIPSEEK_API_KEY": "s-3-crét"}, "the API key holds"),
        ({"CLIPSEEK_AWS_ACCESS_KEY_ID": "A", "CLIPSEEK_AWS_SECRET_ACCESS_KEY": "s-3-cret"}, "CLIPSEEK_AWS_REGION"),
        ({"CLIPSEEK_AWS_REGION": "r", "CLIPSEEK_AWS_SECRET_ACCESS_KEY": "s-3-cret"}, "go together"),
        ({"CLIPSEEK_AWS_REGION": "r", "CLIPSEEK_AWS_SERVICE": "s3"}, "expected es or aoss"),
        ({**AWS, "CLIPSEEK_AWS_PROFILE": "p"}, "both given; leave one"),
    ],
)
def test_half_of_a_kind_and_what_no_header_holds(environ: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidAddress, match=reason) as caught:
        connect("https://127.0.0.1:1", environ=environ)
    assert "3-cr" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        ('{"api_key": "s-3-cret"}', 0o644, "may be read or changed by others.*chmod 600"),
        ('{"api_key": "s-3-cret"}', 0o620, "may be read or changed by others"),
        ('{"api_key": "s-3-cret"', 0o600, r"is no JSON \(line 1\)"),
        ('["s-3-cret"]', 0o600, "holds no JSON object"),
        ('{"s-3-cret": "x"}', 0o600, "a name that is not known"),
        ('{"api_key": ["s-3-cret"]}', 0o600, "gives api_key no text"),
        ('{"api_key": "s-3-cret", "url": "https://other:9200"}', 0o600, "credentials of another server"),
    ],
)
def test_a_file_that_is_not_used(tmp_path: Path, text: str, mode: int, reason: str) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    with pytest.raises(InvalidAddress, match=reason) as caught:
        connect("https://127.0.0.1:1", environ={"CLIPSEEK_CREDENTIALS_FILE": str(path)})
    assert "3-cr" not in str(caught.value)
    assert "3-cr" not in repr(caught.value.__cause__)


def test_a_file_of_another_user_and_one_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = private(tmp_path / "credentials.json", '{"api_key": "s-3-cret"}')
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(path).st_uid + 1)
    with pytest.raises(InvalidAddress, match="belongs to another user"):
        connect("https://127.0.0.1:1", environ={"CLIPSEEK_CREDENTIALS_FILE": path})
    with pytest.raises(InvalidAddress, match=r"cannot be read \(No such file"):
        connect("https://127.0.0.1:1", environ={"CLIPSEEK_CREDENTIALS_FILE": f"{path}.not"})


def test_a_value_that_environment_and_file_both_give(tmp_path: Path) -> None:
    environ = {"CLIPSEEK_CREDENTIALS_FILE": private(tmp_path / "c", '{"password": "a"}'), "CLIPSEEK_PASSWORD": "b"}
    with pytest.raises(InvalidAddress, match="both give password; take one of them away"):
        connect("https://127.0.0.1:1", environ=environ)


@pytest.mark.parametrize("broken", ["machine 127.0.0.1 login me password s-3-cret what", "open to others"])
def test_a_netrc_that_is_not_used(tmp_path: Path, broken: str) -> None:
    path = private(
        tmp_path / "netrc", broken if "machine" in broken else "machine 127.0.0.1 login me password s-3-cret"
    )
    if "open" in broken:
        os.chmod(path, 0o644)
    with pytest.raises(
        InvalidAddress, match=r"cannot be understood at line 1|may be read or changed by others"
    ) as caught:
        connect("https://127.0.0.1:1", environ={"NETRC": path})
    assert "3-cr" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "LocalHost."])
def test_credentials_go_over_plain_http_to_this_machine(host: str) -> None:
    assert credentials_of(connect(f"http://me:x@{host}:9299", environ={}, check=False))


@pytest.mark.parametrize(
    "host", ["opensearch", "10.0.0.1", "localhost.example.com", "[2001:db8::1]", "127.0.0.1.nip.io"]
)
@pytest.mark.parametrize(
    "environ",
    [
        {"CLIPSEEK_USERNAME": "me", "CLIPSEEK_PASSWORD": "s-3-cret"},
        {"CLIPSEEK_BEARER_TOKEN": "s-3-cret"},
        {"CLIPSEEK_API_KEY": "s-3-cret"},
        {"CLIPSEEK_KEYRING": "api-key"},
        AWS,
        None,
    ],
)
def test_credentials_go_over_plain_http_to_no_other_machine(
    host: str, environ: dict[str, str] | None, kept: dict[tuple[str, str], str]
) -> None:
    user = "me:s-3-cret@" if environ is None else ""
    kept[f"https://{host}:9200", "api-key"] = "s-3-cret"
    with pytest.raises(InvalidAddress, match=r"plain http, so no password, token or key was sent there") as caught:
        connect(f"http://{user}{host}:9200", environ=environ or {}, check=False)
    assert "3-cr" not in str(caught.value)
    assert credentials_of(connect(f"https://{user}{host}:9200", environ=environ or {}, check=False))
    assert not credentials_of(connect(f"http://{host}:9200", environ={}, check=False))
    assert str(parse_address(f"http://{user}{host}:9200")) == f"http://{host}:9200"


def test_a_server_that_echoes_what_it_got_is_not_quoted(server: FakeServer) -> None:
    given = {"CLIPSEEK_USERNAME": "feeder", "CLIPSEEK_PASSWORD": PASSWORD}
    client = connect(server.url, environ=given)
    echoed = [PASSWORD, "p%C3%A4%20ss%2F%252F%3A%22w%40rd", json.dumps(PASSWORD), server.headers[0]["authorization"]]
    for text in echoed:
        server.interceptors.append(
            lambda *_, text=text: (400, {"error": {"type": "x", "reason": f"I got {text}"}, "status": 400})
        )
        with pytest.raises(Exception, match=r"answered 400: I got .*\*\*\*") as caught:
            client.info()
        assert text not in str(caught.value)
        assert caught.value.__suppress_context__
