"""Who comes through the gate, and what every answer says to browsers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from clipseek.web.app import create_app
from clipseek.web.guard.headers import DATA_POLICY, PAGE_POLICY
from clipseek.web.settings import Access, Limits, Settings

from tests.asgi import Client

TOKEN = "a-token-of-this-test"
HERE = "http://127.0.0.1:8642"
#: No server is behind it: what comes through the gate meets a problem of the application, 422 or 503, never 401.
API = "/api/v1/indexes/clipseek/search"


def client(
    base: str = HERE, *, token: str | None = TOKEN, root: str = "", limits: Limits | None = None, **access: Any
) -> Client:
    settings = Settings(
        "http://127.0.0.1:9",
        root_path=root,
        access=Access(token=token, port=8642, **access),
        limits=limits or Limits(),
    )
    return Client(create_app(settings), base)


@pytest.fixture
def guarded() -> Client:
    return client()


async def chunks(part: bytes, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield part


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", API),
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/api/v1/indexes"),
        ("GET", "/pictures/pictures?id=1"),
        ("GET", "/thumbnails/pictures?id=1&size=320"),
        ("GET", "/nowhere"),
        ("GET", "/static"),
        ("OPTIONS", API),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("another"),
        bearer(""),
        {"authorization": TOKEN},
        {"authorization": f"Basic {TOKEN}"},
        {"cookie": f"clipseek-8642={TOKEN}"},
        {"cookie": "clipseek-8642="},
    ],
)
def test_without_the_token_nothing_is_answered(
    guarded: Client, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = guarded.request(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in answer.text


@pytest.mark.parametrize("path", ["/", "/static/index.html", "/favicon.ico", "/healthz", "/metrics"])
def test_shell_static_files_health_and_metrics_are_open(guarded: Client, path: str) -> None:
    assert guarded.get(path).status_code in (200, 404)


@pytest.mark.parametrize("path", ["/static%2f..%2fapi/v1/openapi.json", "/static/%2e%2e/%2e%2e/settings.py"])
def test_below_the_static_files_is_nothing_else(guarded: Client, path: str) -> None:
    assert guarded.get(path).status_code == 404


def test_the_token_comes_as_a_header(guarded: Client) -> None:
    assert guarded.get("/api/v1/openapi.json", headers=bearer()).status_code == 200


def test_the_printed_address_sets_a_cookie_that_lets_in(guarded: Client) -> None:
    first = guarded.get(f"/?q=red&token={TOKEN}&kind=vector")
    assert (first.status_code, first.headers["location"]) == (303, "/?q=red&kind=vector")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    assert TOKEN not in first.text
    assert guarded.get("/api/v1/openapi.json").status_code == 200


def test_under_tls_the_cookie_is_secure() -> None:
    one = client("https://127.0.0.1:8642")
    assert "; Secure" in one.get(f"/?token={TOKEN}").headers["set-cookie"]


def test_a_wrong_token_in_the_address_sets_no_cookie(guarded: Client) -> None:
    answer = guarded.get("/?token=another")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "set-cookie" not in answer.headers


def test_open_lets_everybody_in_who_has_the_right_host_and_origin() -> None:
    one = client(token=None)
    assert one.get("/api/v1/openapi.json").status_code == 200
    assert one.get("/api/v1/openapi.json", headers={"host": "evil.example"}).status_code == 421
    assert one.post(API, json={}, headers={"origin": "http://evil.example"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/v1/openapi.json"])
@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8642", "127.0.0.1.evil.example", "localhost.evil.example", "8.8.8.8", "a b", "x@y"],
)
def test_a_foreign_host_is_refused(guarded: Client, host: str, path: str) -> None:
    answer = guarded.get(path, headers={"host": host, **bearer()})
    assert answer.status_code == 421
    assert answer.json()["type"] == "urn:clipseek:problem:foreign-host"


@pytest.mark.parametrize("host", ["localhost:9999", "LOCALHOST", "[::1]:8642", "127.0.0.1"])
def test_the_machine_itself_goes_by_several_names(guarded: Client, host: str) -> None:
    assert guarded.get("/api/v1/openapi.json", headers={"host": host, **bearer()}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://127.0.0.1:8642"},
        {"origin": "http://localhost:8642"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_page_of_another_origin_is_refused_even_with_the_token(guarded: Client, headers: dict[str, str]) -> None:
    for method, path in (
        ("POST", API),
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/thumbnails/pictures?id=1"),
        ("POST", "/"),
    ):
        answer = guarded.request(method, path, headers={**headers, **bearer()})
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:clipseek:problem:foreign-origin")


def test_a_link_from_elsewhere_opens_the_page(guarded: Client) -> None:
    assert guarded.get("/?q=red", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_its_own_page_may_ask(guarded: Client) -> None:
    headers = {"origin": HERE, "sec-fetch-site": "same-origin", **bearer()}
    assert guarded.get("/api/v1/openapi.json", headers=headers).status_code == 200


def test_an_allowed_host_is_reached_over_tls_alone() -> None:
    one = client("https://pictures.example", hosts=("pictures.example",))
    assert one.get("/api/v1/openapi.json", headers=bearer()).status_code == 200
    one = client("http://pictures.example", hosts=("pictures.example",))
    assert one.get("/").status_code == 200
    refused = one.get("/api/v1/openapi.json", headers=bearer())
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:clipseek:problem:plain-http")
    assert "set-cookie" not in one.get(f"/?token={TOKEN}").headers


@pytest.mark.parametrize("path", ["/", "/icons/"])  # a proxy may leave the root path on, or take it off
def test_a_root_path_stands_before_redirect_and_cookie(path: str) -> None:
    one = client("https://pictures.example", root="/icons", hosts=("pictures.example",))
    assert one.get(f"{path}api/v1/openapi.json").status_code == 401
    assert one.get(path).status_code == 200
    answer = one.get(f"{path}?token={TOKEN}")
    assert answer.headers["location"] == "/icons/"
    assert "Path=/icons;" in answer.headers["set-cookie"]
    described = one.get(f"{path}api/v1/openapi.json", headers=bearer()).json()
    assert described["servers"] == [{"url": "/icons"}]


def test_every_answer_tells_browsers_what_they_may(guarded: Client) -> None:
    page = guarded.get("/")
    assert page.headers["content-security-policy"] == PAGE_POLICY
    assert page.headers["cache-control"] == "no-cache"
    for answer in (
        page,
        guarded.get("/nowhere"),
        guarded.post(API, json={"text": "a"}, headers=bearer()),
        guarded.get("/healthz"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["x-frame-options"] == "DENY"
    data = guarded.get("/api/v1/openapi.json", headers=bearer())
    assert (data.headers["content-security-policy"], data.headers["cache-control"]) == (DATA_POLICY, "no-store")
    for policy in (PAGE_POLICY, DATA_POLICY):
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_a_failure_of_the_application_has_the_headers_too(guarded: Client) -> None:
    answer = guarded.post(API, json={"text": "a"}, headers=bearer())
    assert answer.status_code == 503  # no search server there
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_body_beyond_the_limit_is_refused_declared_or_not() -> None:
    one = client(limits=Limits(request_bytes=1000))
    declared = one.post(API, content=b"x" * 1001, headers=bearer())
    chunked = one.post(API, content=chunks(b"x" * 400, 3), headers=bearer())
    for answer in (declared, chunked):
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    small = one.post(API, json={"text": "a"}, headers=bearer())
    assert small.status_code == 503


def test_bodies_together_have_a_limit_and_let_go_of_it() -> None:
    one = client(limits=Limits(held_bytes=1000))
    for _ in range(2):
        assert one.post(API, content=b'{"txt": "a"}', headers=bearer()).status_code == 422
        refused = one.post(API, content=b"x" * 1001, headers=bearer())
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")


def test_the_access_log_has_no_query_and_no_second_line(guarded: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "clipseek.web.access"):
        guarded.get(f"/?token={TOKEN}")
        guarded.get("/a%0Ab?token=" + TOKEN, headers=bearer())
    lines = [record.getMessage() for record in caplog.records if record.name == "clipseek.web.access"]
    assert [line.rsplit(" ", 2)[0] for line in lines] == ["GET / 303", "GET /a%0Ab 404"]
    assert TOKEN not in caplog.text
