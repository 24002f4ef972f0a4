"""The page over an index that README's own lines make of a folder: ingested and served by the commands, with the shipped model."""

from __future__ import annotations

import re
import shlex
import uuid
from pathlib import Path

import pytest
from clipseek.opensearch import connect
from clipseek.opensearch.index.inventory import delete_index
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, expect

from tests.command import run_command
from tests.served import serving
from tests.shipped import ROOT, TUNED

pytestmark = pytest.mark.integration
#: README's line by line: what follows ``clipseek``, without its remark.
LINES = [
    shlex.split(line, comments=True)
    for line in re.findall(r"^clipseek (.*)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
]


def readme(*begin: str) -> list[str]:
    (found,) = [line for line in LINES if line[: len(begin)] == list(begin) and "--dry-run" not in line]
    return found


@pytest.mark.parametrize("captions", [True, False])
def test_readmes_lines_make_a_page_of_a_folder(
    browser: Browser, opensearch_url: str, tmp_path: Path, captions: bool
) -> None:
    pictures, alias = tmp_path / "pictures", f"test-own-{uuid.uuid4().hex[:8]}"
    pictures.mkdir()
    for at, name in enumerate(("bell", "house", "arrow")):
        picture = Image.new("RGB", (120 + 40 * at, 100), "white")
        ImageDraw.Draw(picture).ellipse((10, 10, 60 + 20 * at, 90), outline="black", width=6)
        picture.save(pictures / f"{name}.jpg")
        if captions:
            (pictures / f"{name}.txt").write_text(f"a drawn {name}")
    mine = {"~/pictures": str(pictures), "bundle": str(TUNED)}
    ingest = [mine.get(word, word) for word in readme("ingest", "~/pictures")]
    where = {"CLIPSEEK_URL": opensearch_url, "CLIPSEEK_INDEX": alias}
    done = run_command(*ingest, environment=where)
    assert done.returncode == 0, done.stderr
    assert readme("serve") == ["serve"]
    try:
        with serving(opensearch_url, tmp_path, "--index", alias, "--pictures", pictures) as served:
            page = browser.new_page()
            page.goto(served.entrance)
            expect(page.locator("#results .hit")).to_have_count(3)
            expect(page.locator("#results .hit .caption").first).to_contain_text("drawn" if captions else "no caption")
            page.goto(f"{page.url.partition('?')[0]}?q=bell")
            first = page.locator("#results .hit").first
            expect(first).to_be_visible()
            if captions:
                expect(first.locator(".caption")).to_have_text("a drawn bell")
            image = first.locator("img")
            expect(image).to_have_js_property("complete", True)
            assert image.evaluate("it => it.naturalWidth") > 0
            expect(page.locator("#facets")).to_be_hidden()
            page.close()
    finally:
        delete_index(connect(opensearch_url), alias)
