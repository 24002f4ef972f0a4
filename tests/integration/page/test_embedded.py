"""Thumbnails in a table of another origin's page, as Dashboards' URL format draws them."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

import pytest
from clipseek.opensearch.dashboards.saved_objects import Boards, Corpus
from clipseek.opensearch.server.client import connect
from clipseek.testing.listening import Handler, listening
from clipseek.web.guard.signing import sign_all
from clipseek.web.settings import Access, Settings
from playwright.sync_api import BrowserContext

from tests.integration.page.conftest import Serving

pytestmark = pytest.mark.integration
KEY = b"a key of thirty-two bytes or more"


@contextmanager
def another_origin(page: list[str]) -> Iterator[str]:
    """The address of a page, ``page[0]``, with the policy that Dashboards sends by default."""

    class Answering(Handler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            policy = "script-src 'unsafe-eval' 'self'; worker-src blob: 'self'; style-src 'unsafe-inline' 'self'"
            self.send_header("content-security-policy", policy)
            self.end_headers()
            self.wfile.write(page[0].encode())

    with listening(Answering) as address:
        yield address


def drawn(template: str, names: list[str]) -> str:
    """A table of pictures, as src/plugins/data/common/field_formats/converters/url.ts makes them of values."""
    images = (html.escape(template.replace("{{value}}", quote(name, safe="!'()*"))) for name in names)
    return "<!doctype html><table>" + "".join(f'<tr><td><img src="{image}">' for image in images) + "</table>"


def widths(context: BrowserContext, address: str) -> list[int]:
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    found: list[int] = page.eval_on_selector_all("img", "images => images.map(image => image.naturalWidth)")
    page.close()
    return found


def test_a_table_of_dashboards_shows_pictures_on_its_origin_alone(context: BrowserContext, settings: Settings) -> None:
    alias, page = settings.indexes[0], [""]
    found = connect(settings.url).search(index=alias, body={"size": 3, "_source": False})
    names = [hit["_id"] for hit in found["hits"]["hits"]]
    with another_origin(page) as dashboards, another_origin(page) as stranger:
        access = Access(token="a-token-of-this-test", key=KEY, embed_from=dashboards)
        serving = Serving(replace(settings, access=access))
        serving.start()
        try:
            thumbnails = f"{serving.address}thumbnails/{alias}?id={{id}}&size=160&signature="
            corpus = Corpus(alias, (), thumbnails + sign_all(KEY, alias))
            (pattern,) = (each for each in Boards((corpus,)).objects() if each["id"] == f"clipseek-pattern-{alias}")
            style = json.loads(pattern["attributes"]["fieldFormatMap"])["image_id"]
            page[0] = drawn(style["params"]["urlTemplate"], names)
            # The stranger first: the browser's cache is one for all ports of a host.
            assert widths(context, stranger) == [0] * len(names)
            assert all(width > 0 for width in widths(context, dashboards))
            page[0] = drawn(thumbnails + sign_all(KEY, "other"), names)
            assert widths(context, dashboards) == [0] * len(names)
        finally:
            serving.stop()
