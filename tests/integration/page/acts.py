"""What a person does on the page, and what they then see."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image
from playwright.sync_api import Page, Request

HIT = "#results .hit"
_GIVE = """([event, files]) => {
  const data = new DataTransfer();
  for (const { name, type, data: text } of files) {
    data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name, { type }));
  }
  const how = { bubbles: true, cancelable: true };
  if (event === "paste") document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, ...how }));
  else for (const kind of ["dragenter", "dragover", event]) {
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, ...how }));
  }
}"""


def png(colour: str, size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def search(page: Page, words: str) -> None:
    """Type words and wait for their answer."""
    with page.expect_response(lambda response: "/search" in response.url):
        page.fill("#words", words)
        page.press("#words", "Enter")
    settled(page)


def wait_until(page: Page, expression: str, seconds: float = 8) -> None:
    """Wait until ``expression`` holds in the page. (Playwright's own way evaluates strings there: the page's policy refuses it.)"""
    until = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < until, f"not within {seconds:g} s: {expression}"
        page.wait_for_timeout(20)


def settled(page: Page) -> None:
    """Wait until nothing is on its way."""
    wait_until(page, "document.getElementById('results').getAttribute('aria-busy') === 'false'")
    page.wait_for_timeout(50)


def ids(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(HIT, "items => items.map(item => item.dataset.id)")
    return found


def captions(page: Page, most: int = 20) -> list[str]:
    return page.locator(f"{HIT} .caption").all_inner_texts()[:most]


def asked(page: Page) -> dict[str, list[str]]:
    """What the address holds."""
    return parse_qs(urlsplit(page.url).query)


def status(page: Page) -> str:
    return page.inner_text("#status")


def give_files(page: Page, event: str, files: dict[str, tuple[str, bytes]]) -> None:
    """Drop (``drop``) or paste (``paste``) files, name to type and bytes, onto the page as another program would."""
    sent: list[dict[str, Any]] = [
        {"name": name, "type": kind, "data": base64.b64encode(data).decode()} for name, (kind, data) in files.items()
    ]
    page.evaluate(_GIVE, [event, sent])


def last_query(page: Page, act: Callable[[], Any], path: str = "/search") -> dict[str, Any]:
    """The JSON of the request that ``act()`` leads to; of one with files, which the browser does not tell, nothing."""
    with page.expect_request(lambda request: path in request.url) as caught:
        act()
    settled(page)
    query: dict[str, Any] = json.loads(caught.value.post_data or "{}") if not _is_form(caught.value) else {}
    return query


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("multipart/")
