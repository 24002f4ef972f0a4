"""Searching: words, pictures from anywhere, both, and away from something."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.integration.page.acts import (
    HIT,
    asked,
    captions,
    give_files,
    ids,
    last_query,
    png,
    search,
    settled,
    status,
    wait_until,
)
from tests.integration.page.conftest import Serving
from tests.integration.page.gallery import COPY

pytestmark = pytest.mark.integration


def test_a_first_visit_shows_the_corpus_with_facets(page: Page) -> None:
    assert len(ids(page)) == 60
    assert status(page).startswith("200 pictures")
    expect(page.locator("#facets legend")).to_have_text(["day", "set", "year"])
    expect(page.get_by_role("checkbox", name="harbour")).to_be_visible()


def test_words_rank_and_mark(page: Page) -> None:
    search(page, "boat")
    assert all("boat" in caption for caption in captions(page, 5))
    expect(page.locator(f"{HIT} mark").first).to_have_text("boat")
    assert asked(page) == {"q": ["boat"]}
    assert "of 200 pictures" in status(page)
    assert page.title() == "boat – clipseek"
    shares = page.locator(f"{HIT} .shares").first
    assert "caption" in (shares.get_attribute("title") or "")


def test_kinds(page: Page) -> None:
    search(page, "green boat")
    for kind in ("caption", "vector"):
        query = last_query(page, page.get_by_role("radio", name=kind, exact=True).check)
        assert query["kind"] == kind
        assert asked(page)["kind"] == [kind]
    assert all("green" in caption for caption in captions(page, 10))
    assert page.get_by_role("slider", name="Weight of the vector").is_disabled()


def test_chosen_pictures_with_weights(page: Page, tmp_path: Path) -> None:
    files = []
    for colour in ("green", "blue"):
        files.append(tmp_path / f"{colour}.png")
        files[-1].write_bytes(png(colour))
    page.set_input_files("#chooser", files)
    expect(page.locator(".chip.uploads")).to_have_count(2)
    settled(page)
    weight = page.get_by_label("weight of blue.png")
    weight.fill("5")
    last_query(page, lambda: weight.press("Enter"))
    assert [part.partition("@")[2] for part in asked(page)["upload"]] == ["1", "5"]
    assert all("blue" in caption for caption in captions(page, 5))
    page.get_by_role("button", name="Remove blue.png").click()
    expect(page.locator(".chip.uploads")).to_have_count(1)
    settled(page)
    assert all("green" in caption for caption in captions(page, 5))
    assert page.get_by_role("radio", name="caption", exact=True).is_disabled()


def test_paste_a_picture_and_words(page: Page) -> None:
    give_files(page, "paste", {"shot.png": ("image/png", png("blue"))})
    expect(page.locator(".chip.uploads")).to_have_count(1)
    settled(page)
    assert all("blue" in caption for caption in captions(page, 5))
    # Both: the picture's colour, the word's thing.
    search(page, "boat")
    expect(page.locator(".chip.uploads")).to_have_count(1)
    assert "boat" in captions(page, 1)[0]
    assert "blue" in captions(page, 1)[0]


def test_drop_shows_a_target_and_searches(page: Page) -> None:
    page.evaluate(
        """() => { const data = new DataTransfer(); data.items.add(new File(["x"], "x.png", { type: "image/png" }));
        document.body.dispatchEvent(new DragEvent("dragenter", { dataTransfer: data, bubbles: true, cancelable: true })); }"""
    )
    expect(page.get_by_text("Drop pictures to search by them")).to_be_visible()
    give_files(page, "drop", {"a.png": ("image/png", png("green")), "b.png": ("image/png", png("lime"))})
    expect(page.locator(".chip.uploads")).to_have_count(2)
    expect(page.locator("#drop")).to_be_hidden()
    settled(page)
    assert all("green" in caption for caption in captions(page, 5))


def test_what_is_no_picture_is_named(page: Page) -> None:
    give_files(page, "drop", {"report.pdf": ("application/pdf", b"%PDF-1.7")})
    expect(page.locator("#said")).to_contain_text("report.pdf: no picture. Pictures can be searched by: JPEG, PNG")
    expect(page.locator(".chip.uploads")).to_have_count(0)
    # A file that only looks like one is refused by the server, in its words.
    give_files(page, "drop", {"broken.png": ("image/png", b"no picture at all")})
    expect(page.get_by_role("alert")).to_contain_text("picture")
    page.get_by_role("button", name="Remove the pictures").click()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_negative_words(page: Page) -> None:
    search(page, "boat")
    assert any("red" in caption for caption in captions(page, 60))
    page.fill("#without", "red")
    query = last_query(page, lambda: page.press("#without", "Enter"))
    assert query["not"] == ["red"]
    expect(page.locator(".chip.not")).to_have_text("− red")
    assert not any("red" in caption for caption in captions(page, 10))
    assert asked(page)["not"] == ["red"]
    page.get_by_role("button", name="Remove − red").click()
    expect(page.locator(".chip.not")).to_have_count(0)


def test_clear_goes_back_to_the_corpus(page: Page) -> None:
    search(page, "boat")
    page.get_by_role("button", name="clear").click()
    settled(page)
    assert status(page).startswith("200 pictures")
    assert page.input_value("#words") == ""


def test_more_and_less_like_this(page: Page) -> None:
    search(page, "boat")
    first, second = ids(page)[:2]
    page.locator(HIT).first.hover()
    query = last_query(page, lambda: page.locator(HIT).first.get_by_label("More like this").click())
    assert query["like"] == [{"id": first, "weight": 1}]
    assert first not in ids(page)
    page.locator(f"{HIT}[data-id={second}]").hover()
    query = last_query(page, lambda: page.locator(f"{HIT}[data-id={second}]").get_by_label("Less like this").click())
    assert query["unlike"] == [{"id": second}]
    assert second not in ids(page)
    assert asked(page)["like"] == [f"{first}@1"]
    assert asked(page)["unlike"] == [second]


def test_a_hit_dragged_onto_the_page_is_searched_by(page: Page) -> None:
    first = ids(page)[0]
    page.locator(f"{HIT} .picture").first.drag_to(page.locator("#box"))
    expect(page.locator(".chip.like")).to_contain_text(f"like {first}")
    assert asked(page) == {"like": [f"{first}@1"]}


def test_nearly_the_same_file(page: Page, served: Serving) -> None:
    page.goto(f"{served.address}?picture=p6")
    expect(page.get_by_role("dialog")).to_be_visible()
    same = page.get_by_role("dialog").get_by_role("button", name="Nearly the same file")
    query = last_query(page, same.click, "/similar")
    assert query["near"] is True
    wait_until(page, "document.querySelectorAll('#results .hit').length === 1")
    assert ids(page) == [f"p{COPY}"]
    expect(page.locator(".chip.near")).to_contain_text("nearly the same file as p6")
    assert asked(page) == {"near": ["p6"]}
    page.goto(f"{served.address}?near=p7")
    expect(page.get_by_role("heading", name="No other picture is nearly the same file")).to_be_visible()


def test_late_answers_never_replace_newer_ones(page: Page) -> None:
    held = []
    page.route(
        "**/search",
        lambda route: held.append(route) if "green" in (route.request.post_data or "") else route.continue_(),
    )
    page.fill("#words", "green")
    page.press("#words", "Enter")
    page.wait_for_timeout(100)
    page.fill("#words", "blue")
    page.press("#words", "Enter")
    wait_until(page, "document.querySelector('#results .hit .caption')?.innerText.includes('blue')")
    for route in held:
        route.continue_()
    page.wait_for_timeout(400)
    assert held
    assert all("blue" in caption for caption in captions(page, 5))
    assert page.input_value("#words") == "blue"


def test_captions_take_no_pictures_and_negatives_need_something(page: Page, served: Serving) -> None:
    page.goto(f"{served.address}?q=boat&like=p6@1&kind=caption")
    page.wait_for_selector(HIT)
    expect(page.locator("#mode-why")).to_have_text("Pictures take no part")
    assert all("boat" in caption for caption in captions(page, 10))
    expect(page.locator(".chip.like img")).to_have_js_property("complete", True)
    page.goto(f"{served.address}?q=boat&like=p6@1&view=compare")
    expect(page.locator(".compare .of-caption .hit")).to_have_count(12)
    # Away from something alone is no search.
    page.goto(f"{served.address}?not=boat")
    expect(page.get_by_role("alert")).to_be_visible()
