"""The pictures of the boards for Dashboards in docs/guide, drawn without Dashboards: ``python benchmarks/board_pictures.py``.

Each panel's search is sent to the server as Dashboards sends it, and its Vega-Lite specification is drawn in Chromium from the
answer, once with the Vega of Dashboards 2.19 and once with that of 3.6, both fetched from npm. Tables are drawn in plain HTML.
Draws what is in the indexes: make some searches and an ingest before.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clipseek.opensearch.dashboards.panels import data_of, requests, vega_spec
from clipseek.opensearch.dashboards.shipped import PATH
from clipseek.opensearch.server.client import connect
from clipseek.testing.listening import Handler, listening
from page_server import chromium
from screens import jpeg
from servers import add_url

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "guide"
#: The lines of Vega that Dashboards has (package.json of its branches 2.19 and main).
VEGA = {
    "2.19": {"vega": "5.23.0", "vega-lite": "5.6.0", "vega-interpreter": "1.0.5"},
    "3.6": {"vega": "6.2.0", "vega-lite": "6.4.2", "vega-interpreter": "1.2.1"},
}
#: Pixels of a board: its 48 columns, a row's height, and the space between panels.
WIDTH, ROW, GAP = 1400, 20, 10
#: Pixels of the picture's width.
SHOWN = 1000
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_STYLE = """
body { margin: 0; padding: 8px; background: #F5F7FA; font: 12px Inter, "Helvetica Neue", Arial, sans-serif; color: #343741; }
h1 { font-size: 18px; margin: 4px 4px 12px; } #board { position: relative; }
.panel { position: absolute; background: white; border: 1px solid #D3DAE6; border-radius: 4px; overflow: hidden; }
.panel h2 { font-size: 13px; margin: 6px 10px; } .vega { position: absolute; inset: 28px 8px 8px 8px; }
table { border-collapse: collapse; margin: 0 10px; width: calc(100% - 20px); } img { max-width: 96px; max-height: 96px; }
th, td { text-align: left; padding: 3px 8px; border-bottom: 1px solid #EEF1F5; vertical-align: top; max-width: 260px; }
"""
#: What Dashboards' parser adds: the panel's size, and colours that fit its page.
_DRAW = """async ([id, spec, width, height]) => {
  const warned = [];
  const kept = (...parts) => (warned.push(parts.join(' ')), logger), passed = () => logger;
  const logger = {level: passed, warn: kept, error: kept, info: passed, debug: passed};
  const lite = {...spec, width, height, autosize: {type: 'fit', contains: 'padding'}};
  const runtime = vega.parse(vegaLite.compile(lite, {logger}).spec, {}, {ast: true});
  const view = new vega.View(runtime, {expr: vega.expressionInterpreter, renderer: 'svg', container: '#' + id, logger});
  await view.runAsync();
  return [warned, document.querySelectorAll('#' + id + ' [role=graphics-symbol], #' + id + ' .mark-text text').length];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_url(parser)
    parser.add_argument("--objects", type=Path, default=PATH, help="what clipseek dashboards install --output wrote")
    parser.add_argument("--port", type=int, default=15601, help="of the drawn page: --embed-from http://127.0.0.1:PORT")
    parser.add_argument("--vega", type=Path, default=Path("/tmp/clipseek-vega"), help="folder for what npm fetches")
    parser.add_argument("--out", type=Path, default=GUIDE)
    parser.add_argument("--days", type=int, default=30, help="how far back the boards look")
    options = parser.parse_args()
    client = connect(options.url or "http://127.0.0.1:9200")
    objects = [json.loads(line) for line in options.objects.read_text("utf-8").splitlines()]
    with chromium() as browser:
        for version, packages in VEGA.items():
            scripts = libraries(options.vega / version, packages)
            for board in (each for each in objects if each["type"] == "dashboard"):
                page = browser.new_page(viewport={"width": WIDTH, "height": 800})
                draw(page, client, board, {each["id"]: each for each in objects}, scripts, options)
                name = board["id"].replace("clipseek-", "board-") + ("" if version == "2.19" else f"-{version}")
                path = options.out / f"{name}.jpg"
                path.write_bytes(jpeg(smaller(page.locator("body").screenshot())))
                print(f"{path}: Vega {packages['vega']}, Vega-Lite {packages['vega-lite']}")
                page.close()


def smaller(png: bytes) -> bytes:
    """As wide as a page of the docs shows it."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    out = io.BytesIO()
    picture.resize((SHOWN, picture.height * SHOWN // picture.width), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def libraries(folder: Path, packages: dict[str, str]) -> list[Path]:
    """Vega's own builds for browsers, fetched by npm where they are not there yet."""
    wanted = [f"{name}@{version}" for name, version in packages.items()]
    if not (folder / "node_modules" / "vega-interpreter").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--prefix", str(folder), *wanted], check=True)
    return [folder / "node_modules" / name / "build" / f"{name}.min.js" for name in packages]


def draw(
    page: Any, client: Any, board: dict[str, Any], objects: dict[str, Any], scripts: list[Path], options: Any
) -> None:
    """The board as one page."""
    attributes = board["attributes"]
    placed = json.loads(attributes["panelsJSON"])
    parts, vega = [], []
    unit = WIDTH - 16
    for panel, reference in zip(placed, board["references"], strict=True):
        grid, shown = panel["gridData"], objects[reference["id"]]
        left, top = grid["x"] / 48 * unit + GAP / 2, grid["y"] * (ROW + GAP) + GAP / 2
        width, height = grid["w"] / 48 * unit - GAP, grid["h"] * (ROW + GAP) - GAP
        place = f"left:{left}px;top:{top}px;width:{width}px;height:{height}px"
        inside = f'<div class="vega" id="p{panel["panelIndex"]}"></div>'
        if shown["type"] == "search":
            inside = table(client, shown, objects)
        else:
            vega.append(
                (f"p{panel['panelIndex']}", drawn_spec(client, shown, options.days), width - 16, height - 36, shown)
            )
        parts.append(
            f'<div class="panel" style="{place}"><h2>{html.escape(shown["attributes"]["title"])}</h2>{inside}</div>'
        )
    bottom = max(panel["gridData"]["y"] + panel["gridData"]["h"] for panel in placed) * (ROW + GAP) + GAP
    title = html.escape(attributes["title"])
    body = f"<style>{_STYLE}</style><h1>{title}</h1><div id=board style='height:{bottom}px'>{''.join(parts)}</div>"
    with page_at(options.port, f"<!doctype html>{body}") as address:
        page.goto(address)
        page.wait_for_load_state("networkidle")
    for script in scripts:
        page.add_script_tag(path=str(script))
    for name, spec, width, height, shown in vega:
        warned, marks = page.evaluate(_DRAW, [name, spec, width, height])
        print(f"   {shown['attributes']['title']}: {marks} marks" + "".join(f"\n      {line}" for line in warned))


@contextmanager
def page_at(port: int, text: str) -> Iterator[str]:
    """The address of a page of that text."""

    class Answering(Handler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

    with listening(Answering, port) as address:
        yield f"{address}/"


def drawn_spec(client: Any, panel: dict[str, Any], days: int) -> dict[str, Any]:
    """The panel's specification with the answers of the server in place of its requests."""
    spec = vega_spec(panel)
    for data, request in zip(list(data_of(spec)), list(requests(spec)), strict=True):
        del data["url"]
        data["values"] = client.search(index=request.index, body=request.within(f"now-{days}d"))
    return spec


def table(client: Any, search: dict[str, Any], objects: dict[str, Any]) -> str:
    """The first rows of a saved search, its pictures as Dashboards' URL format shows them."""
    attributes = search["attributes"]
    pattern = objects[search["references"][0]["id"]]["attributes"]
    formats = json.loads(pattern.get("fieldFormatMap", "{}"))
    sort = [{name: direction} for name, direction in attributes["sort"]]
    body = {"size": 12, "sort": sort, "_source": [name for name, _ in attributes["sort"]] + attributes["columns"]}
    columns = [attributes["sort"][0][0], *attributes["columns"]]
    lines = []
    for hit in client.search(index=pattern["title"], body=body)["hits"]["hits"]:
        cells = []
        for name in columns:
            value: Any = hit["_source"]
            for part in name.split("."):
                value = value.get(part, "") if isinstance(value, dict) else ""
            cells.append(cell(value, formats.get(name)))
        lines.append("".join(f"<td>{shown}</td>" for shown in cells))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def cell(value: Any, style: dict[str, Any] | None) -> str:
    """A value as text, or as the picture that its format makes of it."""
    if style is None or value == "":
        if isinstance(value, bool):
            value = str(value).lower()
        elif isinstance(value, str) and _DATE.match(value):
            value = value[:19].replace("T", " @ ")
        return html.escape(f"{value:,.1f}" if isinstance(value, float) else str(value))
    from urllib.parse import quote

    template = style["params"]["urlTemplate"]
    address = template.replace("{{value}}", quote(str(value), safe="")).replace("{{rawValue}}", str(value))
    return f'<img src="{html.escape(address)}" alt="{html.escape(str(value))}">'


if __name__ == "__main__":
    main()
