"""What the page says when something is away, empty, or not allowed, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import opensearchpy
import pytest
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import Record
from clipseek.web.settings import Access, Settings
from playwright.sync_api import BrowserContext, Route, expect

from tests.integration.page.acts import HIT, asked, wait_until
from tests.integration.page.conftest import Serving, watched
from tests.integration.page.gallery import ENCODER, records

pytestmark = pytest.mark.integration


def test_server_gone_and_back(context: BrowserContext, settings: Settings) -> None:
    serving = Serving(settings)
    serving.start()
    page = context.new_page()
    try:
        page.goto(serving.address)
        page.wait_for_selector(HIT)
        serving.stop()
        page.fill("#words", "boat")
        page.press("#words", "Enter")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("The server of this page does not answer.")
        expect(alert).to_contain_text("clipseek serve")
        serving.start()
        expect(alert).to_be_hidden(timeout=10_000)
        expect(page.locator(f"{HIT} mark").first).to_have_text("boat")
    finally:
        serving.stop()


def test_a_busy_server_is_asked_again(context: BrowserContext, served: Serving) -> None:
    page, refused = context.new_page(), list[str]()

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.fulfill(status=429, headers={"Retry-After": "1"}, json={"title": "busy", "status": 429})

    page.route("**/search", refuse_once)
    page.goto(f"{served.address}?q=boat")
    expect(page.locator(f"{HIT} mark").first).to_have_text("boat")
    assert len(refused) == 1


def test_opensearch_away(context: BrowserContext, settings: Settings) -> None:
    serving = Serving(replace(settings, url="http://127.0.0.1:9"))
    serving.start()
    try:
        page = context.new_page()
        page.goto(serving.address)
        expect(page.get_by_role("alert")).to_contain_text("OpenSearch does not answer", timeout=15_000)
    finally:
        serving.stop()


def test_no_token(context: BrowserContext, settings: Settings) -> None:
    serving = Serving(replace(settings, access=Access(token="a-token-of-this-test")))
    serving.start()
    try:
        page = context.new_page()
        page.goto(serving.address)
        expect(page.get_by_role("alert")).to_contain_text("This page needs its token.")
        page.get_by_label("Token").fill("a-token-of-this-test")
        page.get_by_role("button", name="Go on").click()
        page.wait_for_selector(HIT)
        assert "token" not in page.url
    finally:
        serving.stop()


def test_another_model(context: BrowserContext, settings: Settings, client: opensearchpy.OpenSearch) -> None:
    alias = f"{settings.indexes[0]}-other"
    version = versions.create(client, alias, fingerprint="f" * 64, dimension=4, options=IndexOptions())
    serving = Serving(replace(settings, indexes=(alias,)))
    serving.start()
    try:
        page = context.new_page()
        page.goto(f"{serving.address}?q=red")
        expect(page.get_by_role("alert")).to_contain_text("was filled by another model")
        page.get_by_role("button", name="Search the captions").click()
        expect(page.get_by_text("This index is empty")).to_be_visible()
    finally:
        serving.stop()
        client.indices.delete(index=version.index)


@pytest.fixture
def empty(client: opensearchpy.OpenSearch, settings: Settings) -> Iterator[str]:
    alias = f"{settings.indexes[0]}-empty"
    version = versions.create(
        client, alias, fingerprint=ENCODER.fingerprint, dimension=ENCODER.dimension, options=IndexOptions()
    )
    yield alias
    client.indices.delete(index=version.index)


def test_an_empty_index_that_is_being_filled(
    context: BrowserContext, settings: Settings, client: opensearchpy.OpenSearch, empty: str, tmp_path: Path
) -> None:
    serving = Serving(replace(settings, indexes=(empty,), roots=(tmp_path,)))
    serving.start()
    try:
        page = context.new_page()
        page.goto(serving.address)
        expect(page.get_by_role("heading", name="This index is empty")).to_be_visible()
        ingest(client, empty, ENCODER, records(tmp_path, 1))
        # One picture, by itself, without a reload.
        expect(page.locator(HIT)).to_have_count(1, timeout=15_000)
        expect(page.locator("#filling")).to_contain_text("is being filled: 1 picture so far")
    finally:
        serving.stop()


def test_no_index_yet(context: BrowserContext, settings: Settings) -> None:
    serving = Serving(replace(settings, indexes=("not-there-yet",)))
    serving.start()
    try:
        page = context.new_page()
        page.goto(serving.address)
        expect(page.get_by_role("alert")).to_contain_text("There is no index yet.")
        expect(page.get_by_role("alert")).to_contain_text("clipseek ingest")
    finally:
        serving.stop()


def test_pictures_that_are_not_shown(context: BrowserContext, settings: Settings) -> None:
    serving = Serving(replace(settings, roots=()))
    serving.start()
    try:
        page = context.new_page()
        asked_for: list[str] = []
        page.on("request", lambda request: asked_for.append(request.url))
        page.goto(serving.address)
        expect(page.get_by_text("Pictures are not shown: start clipseek serve with --pictures FOLDER.")).to_be_visible()
        expect(page.locator(f"{HIT} .caption").first).to_be_visible()
        assert not [address for address in asked_for if "/thumbnails/" in address]
    finally:
        serving.stop()


def test_two_indexes_one_without_captions_and_columns(
    context: BrowserContext, settings: Settings, client: opensearchpy.OpenSearch, tmp_path: Path, faults: list[str]
) -> None:
    alias = f"{settings.indexes[0]}-plain"
    plain = (Record(None, one.image) for one in records(tmp_path, 12))
    ingest(client, alias, ENCODER, plain)
    serving = Serving(replace(settings, indexes=(settings.indexes[0], alias), roots=(*settings.roots, tmp_path)))
    serving.start()
    try:
        page = watched(context.new_page(), faults)
        page.goto(f"{serving.address}?q=green&is.set=harbour")
        page.wait_for_selector(HIT)
        page.get_by_label("Index", exact=True).select_option(alias)
        # The words stay, what was of the other index does not.
        wait_until(page, "document.querySelectorAll('#results .hit').length === 12")
        assert asked(page) == {"index": [alias], "q": ["green"]}
        expect(page.locator(f"{HIT} .caption").first).to_have_text("no caption")
        expect(page.locator("#facets")).to_be_hidden()
        page.locator(f"{HIT} .picture").first.click()
        expect(page.get_by_role("dialog").locator(".score")).to_contain_text("The caption has none of the words.")
    finally:
        serving.stop()
        client.indices.delete(index=versions.current(client, alias).index)
    assert faults == []
