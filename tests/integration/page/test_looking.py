"""Views: grid, list, side by side, the detail with crop and score, selecting, and what captions may hold."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.integration.page.acts import HIT, asked, ids, last_query, search, settled, wait_until
from tests.integration.page.conftest import Serving
from tests.integration.page.gallery import ASTRAL, HTML, LONG

pytestmark = pytest.mark.integration


def test_the_grid_is_justified_and_nothing_jumps(page: Page) -> None:
    boxes = page.eval_on_selector_all(
        HIT, "items => items.map(i => { const b = i.getBoundingClientRect(); return [b.left, b.right, b.top]; })"
    )
    right = page.evaluate("document.getElementById('hits').getBoundingClientRect().right")
    rows: dict[float, list[list[float]]] = {}
    for box in boxes:
        rows.setdefault(box[2], []).append(box)
    ends = [max(box[1] for box in row) for row in rows.values()]
    assert all(end <= right + 0.5 for end in ends)
    assert sum(abs(end - right) < 2 for end in ends) >= len(ends) // 2
    places = page.eval_on_selector_all(f"{HIT} .picture", "items => items.map(i => i.getBoundingClientRect().height)")
    page.wait_for_timeout(500)
    assert places == page.eval_on_selector_all(
        f"{HIT} .picture", "items => items.map(i => i.getBoundingClientRect().height)"
    )


def test_pictures_are_whole(page: Page) -> None:
    wait_until(
        page, "[...document.querySelectorAll('#results .hit img')].slice(0, 8).every(i => i.complete && i.naturalWidth)"
    )
    fits = page.eval_on_selector_all(
        f"{HIT} img", "images => images.slice(0, 8).map(i => getComputedStyle(i).objectFit)"
    )
    assert set(fits) == {"contain"}


def test_size_and_list(page: Page, served: Serving) -> None:
    page.goto(f"{served.address}?sort=image_id:asc")
    page.wait_for_selector(HIT)

    def height() -> float:
        return float(page.locator(f"{HIT} .picture").first.bounding_box()["height"])  # type: ignore[index]

    before = height()
    page.get_by_label("Size of the pictures").fill("5")
    page.wait_for_timeout(100)
    assert height() > before
    assert asked(page)["size"] == ["5"]
    page.get_by_role("radio", name="list").check()
    expect(page.locator("#hits")).to_have_class("hits list")
    texts = page.locator(f"{HIT} .caption").all_inner_texts()
    assert HTML in texts
    assert page.evaluate("window.broken") is None


def test_captions_are_text_whatever_they_hold(page: Page, served: Serving) -> None:
    page.goto(f"{served.address}?q=red&view=list&kind=caption")
    page.wait_for_selector(HIT)
    for _ in range(12):
        page.mouse.wheel(0, 6000)
        page.wait_for_timeout(60)
    texts = page.locator(f"{HIT} .caption").all_inner_texts()
    assert HTML in texts
    assert ASTRAL in texts
    assert LONG.strip() in [text.strip() for text in texts]
    assert any("␇" in text and "␛" in text for text in texts)
    marked = page.locator(f"{HIT}[data-id=p3] mark")
    expect(marked).to_have_text("red")  # after signs beyond 16 bits
    direction = page.eval_on_selector(f"{HIT}[data-id=p1] .caption", "p => getComputedStyle(p).direction")
    assert direction == "rtl"
    assert page.evaluate(
        "[window.broken, document.querySelectorAll('.caption img, .caption script, .caption b').length]"
    ) == [None, 0]


def test_side_by_side_with_lines(page: Page) -> None:
    search(page, "green boat")
    page.get_by_role("radio", name="side by side").check()
    columns = page.locator(".compare .column")
    expect(columns).to_have_count(3)
    expect(page.get_by_role("heading", name="Hybrid: both")).to_be_visible()
    for at in range(3):
        expect(columns.nth(at).locator(".hit")).to_have_count(12)
    ids_of = [columns.nth(at).locator(".hit").evaluate_all("hits => hits.map(h => h.dataset.id)") for at in range(3)]
    same = sum(len(set(left) & set(right)) for left, right in itertools.pairwise(ids_of))
    assert same > 0
    expect(page.locator(".lines path")).to_have_count(same)
    assert asked(page)["view"] == ["compare"]
    # Another weight asks for the hybrid alone.
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "/search" in request.url else None)
    page.get_by_role("slider", name="Weight of the vector").fill("1")
    settled(page)
    assert len(requests) == 1
    page.get_by_role("radio", name="grid").check()
    expect(page.locator("#hits")).to_have_class("hits grid")
    expect(page.locator(HIT)).to_have_count(60)


def test_detail_with_arrows_and_chips(page: Page) -> None:
    search(page, "boat")
    first, second = ids(page)[:2]
    page.locator(f"{HIT} .picture").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("hit 1")
    assert asked(page)["picture"] == [first]
    expect(dialog.locator(".score")).to_contain_text("The words match the caption with a BM25 score of")
    expect(dialog.locator(".sum")).to_contain_text("=")
    expect(dialog.locator(".neighbours li")).to_have_count(16)
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("hit 2")
    assert asked(page)["picture"] == [second]
    page.keyboard.press("ArrowLeft")
    expect(dialog).to_contain_text("hit 1")
    chip = dialog.get_by_title(re.compile("Only pictures with set"))
    value = chip.inner_text()
    query = last_query(page, chip.click)
    assert query["filters"] == [f"set={value}"]
    expect(dialog).to_be_hidden()
    page.go_back()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def crop_asked(page: Page) -> list[float]:
    box, _, name = asked(page)["crop"][0].partition("@")
    assert name.startswith("p")
    return [float(number) for number in box.split(",")][:4]


def test_a_crop_drawn_with_the_mouse(page: Page) -> None:
    page.locator(f"{HIT} .picture").first.click()
    frame = page.locator("#detail .frame")
    box = frame.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5, steps=4)
    page.mouse.up()
    last_query(page, page.get_by_role("button", name="Search by this part").click)
    expect(page.locator(".chip.crops")).to_contain_text("part of")
    assert crop_asked(page) == pytest.approx([0.25, 0.25, 0.5, 0.25], abs=0.02)
    # A crop is in the link: a reload searches by it again.
    expected = ids(page)
    page.reload()
    page.wait_for_selector(HIT)
    settled(page)
    assert ids(page) == expected


def test_a_crop_by_keyboard(page: Page) -> None:
    page.locator(f"{HIT} .picture").first.click()
    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    last_query(page, lambda: page.keyboard.press("Enter"))
    assert crop_asked(page) == pytest.approx([0.27, 0.25, 0.5, 0.52], abs=0.001)


def test_select_and_export(page: Page) -> None:
    search(page, "boat")
    hits = page.locator(HIT)
    hits.nth(1).hover()
    hits.nth(1).get_by_label("Select").check()
    hits.nth(4).hover()
    hits.nth(4).get_by_label("Select").click(modifiers=["Shift"])
    bar = page.get_by_role("region", name="Selected pictures")
    expect(bar).to_contain_text("4 pictures selected")
    bar.get_by_role("button", name="Copy ids").click()
    expect(page.locator("#said")).to_have_text("4 ids copied")
    assert page.evaluate("navigator.clipboard.readText()").split() == ids(page)[1:5]
    with page.expect_download() as caught:
        bar.get_by_role("button", name="Download JSONL").click()
    lines = [json.loads(line) for line in caught.value.path().read_text("utf-8").splitlines()]
    assert [line["id"] for line in lines] == ids(page)[1:5]
    assert all({"id", "image", "caption", "set", "year", "day"} <= line.keys() for line in lines)
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
