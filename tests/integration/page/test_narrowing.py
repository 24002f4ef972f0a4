"""Facets, sort, the weight, the cut-off, and how much is shown."""

from __future__ import annotations

import re

import opensearchpy
import pytest
from clipseek.opensearch.index.versions import write_meta
from playwright.sync_api import Page, expect

from tests.integration.page.acts import HIT, asked, ids, last_query, search, settled, status, wait_until
from tests.integration.page.conftest import Serving
from tests.integration.page.gallery import Gallery

pytestmark = pytest.mark.integration


def test_several_values_of_a_facet(page: Page) -> None:
    search(page, "boat")
    before = page.locator("#facets li").all_inner_texts()
    page.get_by_role("checkbox", name="harbour").check()
    settled(page)
    expect(page.locator("#facet-chips .chip")).to_have_text(["set: harbour"])
    # The other values keep their counts: they can be added.
    expect(page.get_by_role("checkbox", name="street")).to_be_visible()
    assert len(page.locator("#facets li").all_inner_texts()) == len(before) == 3
    page.get_by_role("checkbox", name="street").check()
    settled(page)
    assert sorted(asked(page)["is.set"]) == ["harbour", "street"]
    page.get_by_role("button", name="Remove set: harbour").click()
    settled(page)
    assert asked(page)["is.set"] == ["street"]
    expect(page.get_by_role("checkbox", name="harbour")).not_to_be_checked()


def test_a_value_with_a_comma(page: Page) -> None:
    page.get_by_role("checkbox", name="Smith, J").check()
    settled(page)
    assert status(page).startswith("67 of 200")
    page.get_by_role("checkbox", name="harbour").check()
    settled(page)
    assert status(page).startswith("134 of 200")


def test_a_range_of_numbers_and_whole_years(page: Page) -> None:
    page.get_by_label("year from").fill("2020")
    page.get_by_label("year from").press("Enter")
    settled(page)
    within = int(status(page).split()[0])
    page.get_by_label("day to").fill("2021")
    page.get_by_label("day to").press("Enter")
    settled(page)
    # The end counts whole: 2021-05 is in it.
    assert 0 < int(status(page).split()[0]) < within
    expect(page.locator("#facet-chips .chip")).to_have_text(["year: 2020 …", "day: … 2021"])
    assert asked(page) == {"from.year": ["2020"], "to.day": ["2021"]}
    page.get_by_role("button", name="remove all").click()
    settled(page)
    assert status(page).startswith("200 pictures")


def test_sort(page: Page) -> None:
    search(page, "boat")
    query = last_query(page, lambda: page.get_by_label("sort").select_option("year:desc"))
    assert query["sort"] == "year:desc"
    page.locator(HIT).first.locator(".picture").click()
    expect(page.get_by_role("dialog")).to_contain_text("2023")
    assert asked(page)["sort"] == ["year:desc"]


def test_the_weight_ranks_again_at_once(page: Page) -> None:
    search(page, "green boat")
    slider = page.get_by_role("slider", name="Weight of the vector")
    by_default = ids(page)
    query = last_query(page, lambda: slider.fill("1"))
    assert query["fusion"] == {"weight": 1}
    assert ids(page) != by_default
    expect(page.locator("#weight-shown")).to_have_text("100 % vector")
    slider.fill("0")
    settled(page)
    assert "boat" in page.locator(f"{HIT} .caption").first.inner_text()
    expect(page.locator(f"{HIT} .by-caption").first).to_have_attribute("style", re.compile("100%"))
    assert asked(page)["weight"] == ["0"]


def test_scrolling_loads_more_until_all_are_there(page: Page) -> None:
    assert len(ids(page)) == 60
    for _ in range(30):
        page.mouse.wheel(0, 4000)
        page.wait_for_timeout(60)
        if len(ids(page)) == 200:
            break
    assert len(ids(page)) == len(set(ids(page))) == 200
    page.get_by_role("button", name="To the top").click()
    wait_until(page, "scrollY === 0")


def test_the_cut_off_line(page: Page, client: opensearchpy.OpenSearch, shown: Gallery, served: Serving) -> None:
    write_meta(client, shown.version, "calibration", {"cosine": 0.9, "rate": 0.05, "pictures": shown.count})
    try:
        page.wait_for_timeout(3100)  # the service looks an alias up every three seconds
        page.goto(f"{served.address}?q=red&kind=vector")
        line = page.get_by_text("below here nothing is likely to match (cosine under 0.90, calibrated at 5 % false)")
        while not line.count():
            page.mouse.wheel(0, 4000)
            page.wait_for_timeout(100)
        above = page.evaluate("document.querySelector('.cut-off').previousElementSibling.className")
        below = page.evaluate("document.querySelector('.cut-off').nextElementSibling.className")
        assert "unlikely" not in above
        assert "unlikely" in below
        page.get_by_label("cut-off").select_option("none")
        settled(page)
        expect(page.locator(".cut-off")).to_have_count(0)
        assert asked(page)["cut"] == ["none"]
    finally:
        write_meta(client, shown.version, "calibration", {})
        page.wait_for_timeout(3100)  # or the next test's page is told of a cut-off that is gone


def test_no_good_match_is_said_kindly(page: Page, served: Serving) -> None:
    page.goto(f"{served.address}?q=nothing+of+this&kind=vector&cut=1")
    expect(page.get_by_text("No good match.")).to_be_visible()
    expect(page.locator(HIT).first).to_be_visible()


def test_zero_results_say_what_may_help(page: Page, served: Serving) -> None:
    page.goto(f"{served.address}?q=zeppelin&kind=caption&is.set=harbour")
    expect(page.get_by_role("heading", name="No caption has “zeppelin”")).to_be_visible()
    page.get_by_role("button", name="Remove the filters").click()
    page.get_by_role("button", name="Search the pictures too").click()
    expect(page.locator(HIT).first).to_be_visible()
    assert asked(page) == {"q": ["zeppelin"], "kind": ["hybrid"]}


def test_the_same_file_is_shown_once(page: Page) -> None:
    query = last_query(page, lambda: page.get_by_role("combobox", name="show").select_option("duplicates"))
    assert query["group"] == "duplicates"
