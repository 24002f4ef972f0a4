"""The page for people who do not see it as its makers do; and for slow lines."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser

from tests.integration.page.acts import HIT, settled
from tests.integration.page.conftest import Serving
from tests.integration.page.gallery import Gallery

pytestmark = pytest.mark.integration
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
VIEWS = (
    "?q=boat&not=tree&is.set=harbour",
    "?q=green&like=p6@2&cut=0.9",
    "?q=boat&view=list",
    "?q=green+boat&view=compare",
    "?q=boat&picture=p6",
)


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


def test_light_and_dark_as_the_system_or_as_chosen(browser: Browser, served: Serving) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto(served.address)
        dark = page.evaluate(background)
        page.get_by_role("button", name="Colours: auto").click()
        light = page.evaluate(background)
        assert light == "rgb(255, 255, 255)" != dark
        page.reload()
        assert page.evaluate(background) == light
        page.get_by_role("button", name="Colours: light").click()
        assert page.evaluate(background) == dark


def test_no_motion_where_the_system_asks_for_less(browser: Browser, served: Serving) -> None:
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(served.address)
        page.wait_for_selector(HIT)
        moving = (
            "[...document.querySelectorAll('*')].filter(e => getComputedStyle(e).transitionDuration !== '0s').length"
        )
        assert page.evaluate(moving) == 0


def test_every_module_is_fetched_at_once() -> None:
    folder = Path(__file__).resolve().parents[3] / "web" / "page"
    shell = (folder / "index.html").read_text("utf-8")
    modules = {f"static/{path.relative_to(folder)}" for path in folder.rglob("*.js")} - {
        "static/app.js",
        "static/theme.js",
    }
    assert {line.split('"')[3] for line in shell.splitlines() if "modulepreload" in line} == modules
    assert sum(path.stat().st_size for path in folder.rglob("*.*")) <= 150_000
