"""The pictures of docs/guide/neural.md: ``python benchmarks/neural_pictures.py --url URL --index NAME``.

Runs the guide's own hybrid query with curl, its Python, and the second request of its file for Dev Tools, on an index on which
``clipseek neural setup`` was run, and draws what was typed and what came. Dev Tools are drawn as they are laid out.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from page_server import chromium
from screens import GUIDE, jpeg

_STYLE = """
body { margin: 0; font: 13px/1.5 "DejaVu Sans Mono", monospace; display: inline-block; }
pre { margin: 0; padding: 14px 18px; white-space: pre-wrap; } .dark { background: #1d1e24; color: #dfe5ef; width: 940px; }
.prompt { color: #6dccb1; }
.panes { display: grid; grid-template-columns: 1fr 1fr; width: 1100px; background: white; color: #343741; }
.panes pre { border-right: 1px solid #d3dae6; } .panes pre + pre { background: #f5f7fa; border: 0; }
h1 { font: 600 13px sans-serif; margin: 0; padding: 8px 18px; background: #e9edf3; color: #343741; } b { color: #006bb4; }
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:9200")
    parser.add_argument("--index", required=True)
    parser.add_argument("--picture", type=Path, required=True, help="what is searched by in the guide's Python")
    options = parser.parse_args()
    guide = (GUIDE / "neural.md").read_text("utf-8")
    typed, printed = by_curl(guide, options.url, options.index)
    pages = {"neural-curl": terminal(typed, printed)}
    pages["neural-python"] = terminal(*by_python(guide, options.url, options.index, options.picture))
    pages["neural-dev-tools"] = dev_tools(*by_dev_tools(options.url, options.index))
    with chromium() as browser:
        for name, page_html in pages.items():
            page = browser.new_page(viewport={"width": 1200, "height": 400})
            page.set_content(f"<!doctype html><style>{_STYLE}</style>{page_html}")
            path = GUIDE / f"{name}.jpg"
            path.write_bytes(jpeg(page.locator("body").screenshot()))
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
            page.close()


def blocks(text: str, language: str = "") -> list[str]:
    """The fenced blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def as_here(text: str, url: str, index: str) -> str:
    """The guide's text with this server and this index."""
    text = text.replace("clipseek-icons", f"clipseek-{index}").replace('index="icons"', f'index="{index}"')
    return text.replace("localhost:9200/icons/", f"{url.partition('://')[2]}/{index}/").replace(
        "http://localhost:9200", url
    )


def by_curl(guide: str, url: str, index: str) -> tuple[str, str]:
    (command,) = [block for block in blocks(guide) if '"hybrid"' in block]
    done = subprocess.run(["bash", "-c", as_here(command, url, index)], capture_output=True, text=True, check=True)
    return command.strip(), done.stdout.strip()


def by_python(guide: str, url: str, index: str, picture: Path) -> tuple[str, str]:
    (program,) = blocks(guide, "python")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "photo.jpg").write_bytes(picture.read_bytes())
        Path(folder, "search.py").write_text(as_here(program, url, index), "utf-8")
        done = subprocess.run([sys.executable, "search.py"], cwd=folder, capture_output=True, text=True, check=True)
    return f"cat search.py\n{program.strip()}\n\n$ python search.py", done.stdout.strip()


def by_dev_tools(url: str, index: str) -> tuple[str, str]:
    requests = re.split(r"\n(?=# )", (GUIDE / "neural.console").read_text("utf-8"))
    shown = requests[1].strip()
    _, line, body = shown.split("\n", 2)
    method, path = line.split(" ")
    path = path.replace("clipseek-icons", f"clipseek-{index}").replace("icons/", f"{index}/", 1)
    found = answer(method, f"{url}/{path}", json.loads(body))
    for hit in found["hits"]["hits"]:
        hit["_index"] = re.sub(r"^.*(-\d{6})$", r"icons\1", hit["_index"])
    return shown, json.dumps(found, indent=2, ensure_ascii=False)


def answer(method: str, address: str, body: Any) -> Any:
    import urllib.request

    data = json.dumps({**body, "size": 3}).encode()
    request = urllib.request.Request(address, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as found:
        return json.load(found)


def terminal(typed: str, printed: str) -> str:
    return f"<div class=dark><pre><span class=prompt>$</span> {html.escape(typed)}\n{html.escape(printed)}</pre></div>"


def dev_tools(request: str, found: str) -> str:
    shown = re.sub(r"^(GET|PUT|DELETE)", r"<b>\1</b>", html.escape(request), flags=re.M)
    lines = found.splitlines()
    cut = "\n".join(lines[:32] + ([" ..."] if len(lines) > 32 else []))
    panes = f"<pre>{shown}</pre><pre>{html.escape(cut)}</pre>"
    return f"<div style='width:1100px'><h1>Dev Tools</h1><div class=panes>{panes}</div></div>"


if __name__ == "__main__":
    main()
