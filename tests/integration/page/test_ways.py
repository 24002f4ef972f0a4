"""Links, history, keyboard, phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.page.acts import HIT, asked, give_files, ids, png, search, settled, wait_until
from tests.integration.page.conftest import Serving, watched

pytestmark = pytest.mark.integration


def test_a_shared_link_shows_the_same(page: Page, browser: Browser) -> None:
    search(page, "boat")
    page.get_by_role("checkbox", name="street").check()
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
    page.mouse.wheel(0, 900)
    wait_until(page, "scrollY > 500")
    page.wait_for_timeout(200)
    scrolled = page.evaluate("scrollY")
    search(page, "tree")
    trees = ids(page)
    assert page.evaluate("scrollY") == 0
    page.go_back()
    wait_until(page, "document.getElementById('words').value === 'boat'")
    settled(page)
    assert ids(page)[: len(boats)] == boats
    assert page.evaluate("scrollY") == scrolled
    page.go_forward()
    wait_until(page, "document.getElementById('words').value === 'tree'")
    settled(page)
    assert ids(page) == trees
    page.locator(f"{HIT} .picture").first.click()
    expect(page.locator("#detail")).to_be_visible()
    page.evaluate("document.querySelector('#results .hit').dataset.kept = 'yes'")
    page.go_back()
    expect(page.locator("#detail")).to_be_hidden()
    assert page.get_attribute(HIT, "data-kept") == "yes"  # closing a picture leaves the hits as they are


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
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text(
        "more like this, less like this, nearly the same file"
    )
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
        slider = page.get_by_role("slider", name="Weight of the vector").bounding_box()
        assert slider is not None
        assert slider["y"] > 700  # the thumb reaches it
        facets = page.locator("#facets")
        expect(facets).to_be_hidden()
        page.get_by_role("button", name="Filters").tap()
        expect(facets).to_be_visible()
        page.get_by_role("checkbox", name="harbour").check()
        settled(page)
        page.get_by_role("button", name="Done").tap()
        expect(facets).to_be_hidden()
        assert asked(page)["is.set"] == ["harbour"]
        page.locator(f"{HIT} .picture").first.tap()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert faults == []
