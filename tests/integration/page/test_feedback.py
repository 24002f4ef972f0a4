"""Thumbs and clicks on the page where searches are logged; where they are not, neither a thumb nor a request."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import axe_playwright_python  # noqa: F401  (the page's other tests need it as well)
import opensearchpy
import pytest
from clipseek.opensearch.server.client import connect
from clipseek.web.log.indexes import LogIndexes
from clipseek.web.settings import Logging, Settings
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.integration.page.acts import HIT, ids, search, settled
from tests.integration.page.conftest import Serving, watched
from tests.integration.page.test_for_everybody import AXE

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(opensearch_url: str) -> opensearchpy.OpenSearch:
    return connect(opensearch_url)


@pytest.fixture(scope="module")
def logs(server: opensearchpy.OpenSearch) -> Iterator[LogIndexes]:
    name = f"test-page-log-{uuid.uuid4().hex[:8]}"
    made = LogIndexes(f"{name}-searches", f"{name}-feedback")
    yield made
    for index in made.kinds.values():
        server.indices.delete(index=index, params={"ignore_unavailable": "true"})


@pytest.fixture(scope="module")
def logging_service(settings: Settings, logs: LogIndexes) -> Iterator[Serving]:
    serving = Serving(replace(settings, log=Logging(30, logs)))
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture
def logged(context: BrowserContext, logging_service: Serving, faults: list[str]) -> Iterator[Page]:
    opened = watched(context.new_page(), faults)
    opened.goto(logging_service.address)
    opened.wait_for_selector(HIT)
    yield opened
    assert faults == []


def events_when(server: opensearchpy.OpenSearch, index: str, words: str, count: int) -> list[dict[str, Any]]:
    """The records of these words, once there are so many."""
    until = time.monotonic() + 10
    while True:
        server.indices.refresh(index=index, params={"ignore_unavailable": "true"})
        body = {"query": {"term": {"words.keyword": words}}, "size": 100, "sort": ["at"]}
        found = server.search(index=index, body=body, params={"ignore_unavailable": "true"})["hits"]["hits"]
        if len(found) >= count:
            return [hit["_source"] for hit in found]
        assert time.monotonic() < until, f"{len(found)} records, not {count}"
        time.sleep(0.1)


def test_the_page_says_that_it_logs_and_for_how_long(logged: Page) -> None:
    line = logged.locator("#logging")
    expect(line).to_be_visible()
    expect(line).to_contain_text("30 days")
    expect(line).to_be_in_viewport()


def test_opening_a_picture_and_a_thumb_are_told(
    logged: Page, server: opensearchpy.OpenSearch, logs: LogIndexes
) -> None:
    search(logged, "red boat")
    second, third = ids(logged)[1:3]
    logged.locator(f"{HIT} .picture").nth(1).click()
    expect(logged.locator("#detail")).to_be_visible()
    up = logged.locator("#detail").get_by_role("button", name="A right answer")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    logged.keyboard.press("Escape")
    logged.locator(HIT).nth(2).hover()
    down = logged.locator(HIT).nth(2).get_by_role("button", name="A wrong answer")
    down.click()
    expect(down).to_have_attribute("aria-pressed", "true")
    told = events_when(server, logs.feedback, "red boat", 3)
    assert sorted((event["document"], event["action"], event["rank"]) for event in told) == sorted(
        [(second, "click", 2), (second, "up", 2), (third, "down", 3)]
    )
    (record,) = events_when(server, logs.searches, "red boat", 1)
    assert (record["from"], record["search"]) == ("page", told[0]["search"])


def test_a_second_press_takes_the_thumb_back(logged: Page, server: opensearchpy.OpenSearch, logs: LogIndexes) -> None:
    search(logged, "blue bird")
    logged.locator(f"{HIT} .picture").first.press("Enter")
    up = logged.locator("#detail").get_by_role("button", name="A right answer")
    for pressed in ("true", "false"):
        with logged.expect_response(lambda response: response.url.endswith("/feedback")):
            up.click()
        expect(up).to_have_attribute("aria-pressed", pressed)
    events = events_when(server, logs.feedback, "blue bird", 1)
    time.sleep(1.2)
    assert [event["action"] for event in events_when(server, logs.feedback, "blue bird", 1)] == ["click"]
    assert events[0]["rank"] == 1


def test_one_search_while_the_slider_is_dragged_and_its_pages_beside_it(
    logged: Page, server: opensearchpy.OpenSearch, logs: LogIndexes
) -> None:
    search(logged, "green house")
    for value in ("0.2", "0.6", "0.9"):
        with logged.expect_response(lambda response: "/search" in response.url):
            logged.locator("#weight").fill(value)
        settled(logged)
    with logged.expect_response(lambda response: "/search" in response.url):
        logged.evaluate("scrollTo(0, document.body.scrollHeight)")
    settled(logged)
    records = events_when(server, logs.searches, "green house", 2)
    time.sleep(1.2)
    records = events_when(server, logs.searches, "green house", 2)
    assert len({record["search"] for record in records}) == 1
    pages = sorted((record["page"], round(record["weight"], 3)) for record in records)
    assert pages[:2] == [(1, 0.9), (2, 0.9)]
    assert [page for page, _ in pages] == list(range(1, len(pages) + 1))


def test_side_by_side_is_one_search_and_tells_nothing_of_its_hits(
    logged: Page, server: opensearchpy.OpenSearch, logs: LogIndexes
) -> None:
    asked: list[Request] = []
    logged.on("request", lambda request: asked.append(request) if request.url.endswith("/feedback") else None)
    with logged.expect_response(lambda response: "/search" in response.url):
        logged.goto(logged.url.split("?")[0] + "?q=blue+tree&view=compare")
    logged.wait_for_selector(".compare .hit")
    logged.locator(".compare .picture").first.click()
    expect(logged.locator("#detail")).to_be_visible()
    expect(logged.locator("[data-thumb]")).to_have_count(0)
    records = events_when(server, logs.searches, "blue tree", 1)
    time.sleep(1.2)
    assert [record["kind"] for record in events_when(server, logs.searches, "blue tree", 1)] == ["hybrid"]
    assert len(records) == 1
    assert asked == []


def test_nothing_is_told_of_pictures_that_nobody_searched_for(logged: Page) -> None:
    asked: list[Request] = []
    logged.on("request", lambda request: asked.append(request) if request.url.endswith("/feedback") else None)
    logged.locator(f"{HIT} .picture").first.click()
    expect(logged.locator("#detail")).to_be_visible()
    expect(logged.locator("[data-thumb]")).to_have_count(0)
    logged.wait_for_timeout(300)
    assert asked == []


def test_off_the_page_shows_no_thumb_and_asks_nothing_more(page: Page) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    search(page, "red car")
    expect(page.locator("#logging")).to_be_hidden()
    page.locator(HIT).first.hover()
    page.locator(f"{HIT} .picture").first.click()
    expect(page.locator("#detail")).to_be_visible()
    expect(page.locator("[data-thumb]")).to_have_count(0)
    with page.expect_download():
        page.get_by_role("link", name="Original").click()
    page.wait_for_timeout(300)
    assert not [request.url for request in asked if "feedback" in request.url]
    sent = [json.loads(request.post_data or "{}") for request in asked if request.url.endswith("/search")]
    assert sent
    assert not [body for body in sent if {"search", "log"} & body.keys()]


def test_axe_finds_nothing_serious_with_thumbs(browser: Any, logging_service: Serving) -> None:
    with browser.new_context(reduced_motion="reduce", bypass_csp=True) as context:
        opened = context.new_page()
        for view in ("?q=boat", "?q=boat&view=list", "?q=boat&size=1"):
            opened.goto(logging_service.address + view)
            opened.wait_for_selector(HIT)
            settled(opened)
            opened.locator(HIT).first.hover()
            if "size" not in view:
                opened.locator(HIT).first.locator("[data-thumb]").first.click()
                opened.wait_for_timeout(200)
                assert opened.locator("[data-thumb]").count() == 2
            else:
                opened.locator(f"{HIT} .picture").first.click()
                expect(opened.locator("#detail [data-thumb]")).to_have_count(2)
            opened.evaluate(AXE)
            result = opened.evaluate("axe.run({ resultTypes: ['violations'] })")
            serious = [one["id"] for one in result["violations"] if one["impact"] in ("serious", "critical")]
            assert serious == []
