"""Links, history, keyboard, phone, and what the page says when something is away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import axe_playwright_python
import opensearchpy
import pytest
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.run import ingest
from clipseek.web.settings import Access, Settings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.integration.page.acts import HIT, asked, give_files, ids, png, search, settled, wait_until
from tests.integration.page.conftest import Serving, watched
from tests.integration.page.gallery import ENCODER, Gallery, records

pytestmark = pytest.mark.integration
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")


def test_a_shared_link_shows_the_same(page: Page, browser: Browser) -> None:
    search(page, "boat")
    page.get_by_label("street").check()
    settled(page)
    page.locator(HIT).first.hover()
    page.locator(HIT).first.get_by_label("More like this").click()
    settled(page)
    page.get_by_role("radio", name="list").check()
    expected, link = ids(page), page.url
    with browser.new_context() as other:
        shared = other.new_page()
        shared.goto(link)
        shared.wait_for_selector(HIT)
        assert ids(shared) == expected
        assert shared.input_value("#words") == "boat"
        expect(shared.locator("#hits")).to_have_class("hits list")


def test_a_link_says_that_it_cannot_carry_a_picture(page: Page, browser: Browser) -> None:
    give_files(page, "paste", {"own.png": ("image/png", png("blue"))})
    settled(page)
    search(page, "boat")
    with browser.new_context() as other:
        shared = other.new_page()
        shared.goto(page.url)
        expect(
            shared.get_by_text("This search had 1 picture of somebody's own, which a link cannot carry.")
        ).to_be_visible()
        shared.get_by_role("button", name="Search without").click()
        expect(shared.locator(".chip.uploads")).to_have_count(0)
        assert shared.input_value("#words") == "boat"


def test_back_and_forward(page: Page) -> None:
    search(page, "boat")
    boats = ids(page)
    search(page, "tree")
    trees = ids(page)
    page.go_back()
    wait_until(page, "document.getElementById('words').value === 'boat'")
    settled(page)
    assert ids(page) == boats
    page.go_forward()
    wait_until(page, "document.getElementById('words').value === 'tree'")
    settled(page)
    assert ids(page) == trees


def test_keyboard_alone(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("boat")
    page.keyboard.press("Enter")
    wait_until(page, "document.title.startsWith('boat')")
    settled(page)
    page.keyboard.press("ArrowDown")
    focused = "document.activeElement.closest('.hit')?.dataset.id"
    first = ids(page)[0]
    assert page.evaluate(focused) == first
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == ids(page)[1]
    page.keyboard.press("ArrowDown")
    below = page.evaluate(focused)
    assert below not in ids(page)[:2]
    page.keyboard.press("ArrowUp")
    assert page.evaluate(focused) in ids(page)[:3]
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    assert page.evaluate(focused) == ids(page)[1]  # the focus is where one was last
    page.keyboard.press("x")
    expect(page.locator("#selected")).to_contain_text("1 picture selected")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "tick"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#selected")).to_be_hidden()
    page.keyboard.press("2")
    settled(page)
    assert asked(page)["view"] == ["list"]


def test_phone(browser: Browser, served: Serving, faults: list[str]) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as context:
        page = watched(context.new_page(), faults)
        page.goto(f"{served.address}?q=boat")
        page.wait_for_selector(HIT)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        lefts = page.eval_on_selector_all(
            HIT, "items => [...new Set(items.map(i => Math.round(i.getBoundingClientRect().left)))]"
        )
        assert len(lefts) == 2
        facets = page.locator("#facets")
        expect(facets).to_be_hidden()
        page.get_by_role("button", name="Filters").tap()
        expect(facets).to_be_visible()
        page.get_by_label("harbour").check()
        settled(page)
        page.get_by_role("button", name="Done").tap()
        expect(facets).to_be_hidden()
        assert asked(page)["is.set"] == ["harbour"]
        page.locator(f"{HIT} .picture").first.tap()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert faults == []


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


VIEWS = ("?q=boat&not=tree&is.set=harbour", "?q=boat&view=list", "?q=green+boat&view=compare", "?q=boat&picture=p6")


@pytest.mark.parametrize("colours", ["dark", "light"])
def test_axe_finds_nothing_serious(browser: Browser, served: Serving, shown: Gallery, colours: str) -> None:
    found = []
    with browser.new_context(color_scheme=colours, reduced_motion="reduce", bypass_csp=True) as context:  # type: ignore[arg-type]
        page = context.new_page()
        for view in VIEWS:
            page.goto(served.address + view)
            page.wait_for_selector(HIT)
            settled(page)
            page.evaluate(AXE)
            # In dark only the colours differ.
            only = "runOnly: ['color-contrast']," if colours == "dark" else ""
            result = page.evaluate(f"axe.run({{ {only} resultTypes: ['violations'] }})")
            found += [
                (view, violation["id"], [node["target"] for node in violation["nodes"][:3]])
                for violation in result["violations"]
                if violation["impact"] in ("serious", "critical")
            ]
    assert found == []


def test_every_module_is_fetched_at_once() -> None:
    folder = Path(__file__).resolve().parents[3] / "web" / "page"
    shell = (folder / "index.html").read_text("utf-8")
    modules = {f"static/{path.relative_to(folder)}" for path in folder.rglob("*.js")} - {
        "static/app.js",
        "static/theme.js",
    }
    assert {line.split('"')[3] for line in shell.splitlines() if "modulepreload" in line} == modules
    assert sum(path.stat().st_size for path in folder.rglob("*.*")) <= 150_000
