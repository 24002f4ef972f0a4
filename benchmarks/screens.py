"""The pictures of the page in docs/guide: ``python benchmarks/screens.py --index demo-icons``, on the demo's index.

Writes docs/guide/page-*.jpg.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

from page_server import chromium, picture_folder, served
from servers import add_url

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "guide"
#: Name, address, width, height, colours, and what is done there before.
SCREENS = (
    ("grid", "?q=no+internet+connection", 1280, 800, "light"),
    ("side-by-side", "?q=battery+charging&view=compare", 1280, 800, "light"),
    ("detail", "?q=battery+charging&picture={first}", 1280, 800, "dark"),
    ("phone", "?q=shopping+cart", 390, 800, "light"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_url(parser)
    parser.add_argument("--index", required=True)
    parser.add_argument("--pictures", type=Path, help="the folder of its pictures")
    options = parser.parse_args()
    from clipseek.opensearch import connect

    url = options.url or "http://127.0.0.1:9200"
    folder = options.pictures or picture_folder(connect(url), options.index)
    with served(url, options.index, folder) as address, chromium() as browser:
        for name, query, width, height, colours in SCREENS:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=colours,
                is_mobile=width < 500,
                has_touch=width < 500,
                device_scale_factor=1 if width > 500 else 1.5,
            )
            path = GUIDE / f"page-{name}.jpg"
            path.write_bytes(jpeg(shot(context.new_page(), address, query)))
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
            context.close()


def shot(page: Any, address: str, query: str) -> bytes:
    if "{first}" in query:
        page.goto(address + query.partition("&picture")[0])
        page.wait_for_selector(".hit")
        query = query.format(first=page.get_attribute(".hit", "data-id"))
    page.goto(address + query)
    page.wait_for_selector(".hit")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    taken: bytes = page.screenshot()
    return taken


def jpeg(png: bytes) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(out, "JPEG", quality=85, optimize=True, progressive=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
