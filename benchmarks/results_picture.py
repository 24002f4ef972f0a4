"""Draw docs/guide/results.jpg, the demo's searches as its sheet shows them: ``python benchmarks/results_picture.py --index NAME``.

Needs Chromium (``$CHROMIUM``, or what Playwright installed) and an index of the demo with the pictures of ``make demo``. Only the
searches are shown, with the first hits and the first lines of their captions.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from checkpoints import DEMO_BUNDLE
from clipseek.demo.story import EXAMPLES
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch import Page, Searcher, connect
from clipseek.opensearch.node.paths import NodePaths
from clipseek.sheets.results import Section, write_sheet
from PIL import Image
from playwright.sync_api import sync_playwright
from servers import add_url, server

HOME = Path(__file__).resolve().parent.parent
HITS = 7
STYLE = (
    "section code, figcaption small {display: none} body {max-width: none; padding: 16px} section {margin: 20px 0} "
    "figcaption {height: 67px; padding-bottom: 0; line-height: 18px; overflow: hidden; border-bottom: 5px solid transparent} "
    "section:last-child {margin-bottom: 0}"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_url(parser)
    parser.add_argument("--index", required=True, help="an index of the demo, filled by the shipped bundle")
    parser.add_argument("--pictures", type=Path, default=NodePaths.default().data / "demo" / "pictures")
    parser.add_argument("--out", type=Path, default=HOME / "docs" / "guide" / "results.jpg")
    options = parser.parse_args()
    with server(options.url) as url:
        searcher = Searcher.open(connect(url), options.index, ClipEncoder(Bundle.load(DEMO_BUNDLE)))
        for one in EXAMPLES:  # the first of each warms the caches of the server
            searcher.search(one.query(options.pictures))
        found = [Section(one.title, searcher.search(one.query(options.pictures), page=Page(HITS))) for one in EXAMPLES]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        sheet, shot = Path(folder, "sheet.html"), Path(folder, "sheet.png")
        write_sheet(sheet, "clipseek demo: line icons", found)
        browser = started.chromium.launch(executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1180, "height": 800}, color_scheme="light")
        page.goto(sheet.as_uri())
        page.add_style_tag(content=STYLE)
        page.screenshot(path=str(shot), full_page=True)
        browser.close()
        with Image.open(shot) as picture:
            picture.convert("RGB").save(options.out, quality=82, optimize=True)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
