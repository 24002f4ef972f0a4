"""The page in a real Chromium, from a real uvicorn, over a real index."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from clipseek.web.app import create_app
from clipseek.web.settings import Settings
from clipseek.web.state import OpenEncoder
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.integration.page.gallery import ENCODER, Gallery, gallery

COUNT = 200


class Serving:
    """The application on one port, that can be stopped and started again."""

    def __init__(self, settings: Settings, own_encoder: bool = False) -> None:
        """``own_encoder``: the one of the settings' model, instead of colours."""
        self.settings, self.port = settings, 0
        self._open: OpenEncoder | None = None if own_encoder else lambda settings, version: ENCODER
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        app = create_app(self.settings, self._open)
        self._server = uvicorn.Server(
            uvicorn.Config(app, port=self.port, log_level="warning", timeout_graceful_shutdown=2)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the application did not start"
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = None


# Closed with this package: while it is open, its event loop runs in this thread, and no test can run one of its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        why = "no Chromium is installed: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


@pytest.fixture(scope="package")
def shown(opensearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    from clipseek.opensearch.server.client import connect

    with gallery(connect(opensearch_url), tmp_path_factory.mktemp("pictures"), COUNT) as made:
        yield made


@pytest.fixture(scope="package")
def settings(opensearch_url: str, shown: Gallery, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    thumbnails = tmp_path_factory.mktemp("thumbnails")
    return Settings(opensearch_url, (shown.alias,), roots=(shown.folder,), thumbnails=thumbnails)


@pytest.fixture(scope="package")
def served(settings: Settings) -> Iterator[Serving]:
    serving = Serving(settings)
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture
def faults() -> list[str]:
    """What a browser complained of: errors of scripts, and what the Content-Security-Policy refused."""
    return []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(
        viewport={"width": 1280, "height": 800}, permissions=["clipboard-read", "clipboard-write"]
    )
    made.set_default_timeout(8000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, served: Serving, faults: list[str]) -> Iterator[Page]:
    """The page as a first visit shows it. Fails afterwards where the browser complained of anything."""
    opened = watched(context.new_page(), faults)
    opened.goto(served.address)
    opened.wait_for_selector(".hit")
    yield opened
    assert faults == []


def watched(page: Page, faults: list[str]) -> Page:
    """Collects errors in ``faults``; an answer of 4xx or 5xx, which the browser reports too, is the page's own matter."""

    def told(text: str) -> None:
        if not text.startswith("Failed to load resource"):
            faults.append(text)

    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: told(message.text) if message.type == "error" else None)
    return page
