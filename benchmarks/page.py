"""The page as a person meets it: ``python benchmarks/page.py``, on the demo's index (``--index``) or one of shipped icons.

Chromium, ``clipseek serve`` and the OpenSearch node share the machine. Medians of ``--rounds``:

- first results painted: from the start of a load, with an empty cache, until the pictures' places, captions and facets are drawn;
- a new search: other words each time, from Enter until its results are painted;
- the slider: another weight of the same words, from its event until the results are painted in their new order.

The times are measures of the browser's own user timing (web/page/results/timing.js), which end when a frame was painted. The weight
is what the page's own files take over the wire, without pictures and answers. Ends with 1 where a goal is missed: 1.0 s, 300 ms,
150 ms, 150 kB (``--no-goals``: prints alone).
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from checkpoints import DEMO_BUNDLE
from page_server import chromium, picture_folder, served
from servers import add_url, icons_index, server

GOALS = {"first results painted": 1000.0, "a new search": 300.0, "the slider ranks again": 150.0, "weight": 150.0}
MEASURE = """async (kind) => {
  for (let tried = 0; tried < 1000; tried += 1) {
    const [found] = performance.getEntriesByName(`clipseek ${kind}`);
    if (found) { performance.clearMeasures(); return [found.startTime, found.duration]; }
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error(`no ${kind} in ten seconds`);
}"""
RESTED = """async () => {
  for (let seen = -1; ;) {
    const now = performance.getEntriesByType("resource").length;
    if (now === seen) { performance.clearResourceTimings(); return; }
    seen = now;
    await new Promise((done) => setTimeout(done, 300));
  }
}"""
OWN_FILES = """() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .filter(({ name }) => name.includes("/static/") || new URL(name).pathname === "/")
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_url(parser)
    parser.add_argument("--index", help="an index of yours; without it one of shipped icons is made and removed")
    parser.add_argument("--pictures", type=Path, help="with --index: the folder of its pictures")
    parser.add_argument("--icons", type=int, default=24676)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--no-goals", action="store_true", help="do not fail where a goal is missed")
    options = parser.parse_args()
    from clipseek.opensearch import connect

    with ExitStack() as stack:
        url = stack.enter_context(server(options.url))
        client = connect(url)
        index, model = options.index, None
        if index is None:
            model = DEMO_BUNDLE
            version, _, _ = stack.enter_context(icons_index(client, options.icons))
            index = version.alias
        address = stack.enter_context(served(url, index, options.pictures or picture_folder(client, index), model))
        browser = stack.enter_context(chromium())
        figures = measure(browser, address, words(options.rounds), options.rounds)
    load = os.getloadavg()[0]
    print(f"{options.rounds} rounds, index {index}, load of the machine {load:.1f}")
    missed = []
    for name, value in figures.items():
        unit = "kB" if name == "weight" else "ms"
        print(f"{name:<24} {value:7.0f} {unit}   goal {GOALS[name]:.0f} {unit}")
        missed += [name] if value > GOALS[name] else []
    if missed and not options.no_goals:
        sys.exit(f"missed: {', '.join(missed)}")


def words(count: int) -> list[str]:
    """Different queries: the beginnings of shipped captions."""
    from clipseek.demo.corpus.shipped import read_corpus

    captions = dict.fromkeys(item.caption.partition(":")[0].lower() for item in read_corpus("domain"))
    every = max(1, len(captions) // (count + 5))
    return list(captions)[::every][: count + 5]


def measure(browser: Any, address: str, queries: list[str], rounds: int) -> dict[str, float]:
    first, weight = [], 0.0
    for _ in range(rounds + 1):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(address)
        began, took = page.evaluate(MEASURE, "search")
        first.append(began + took)
        weight = page.evaluate(OWN_FILES) / 1000
        context.close()
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address)
    page.evaluate(MEASURE, "search")
    searches = [search(page, text) for text in queries]
    sliders = [slide(page, 0.05 + 0.05 * (at % 19)) for at in range(rounds + 5)]
    return {
        "first results painted": statistics.median(first[1:]),
        "a new search": statistics.median(searches[5:]),
        "the slider ranks again": statistics.median(sliders[5:]),
        "weight": weight,
    }


def timed(page: Any, kind: str, act: Callable[[], None]) -> float:
    """Milliseconds from the act's event in the page until its results are painted; before it all pictures have come."""
    page.evaluate(RESTED)
    act()
    _, took = page.evaluate(MEASURE, kind)
    return float(took)


def search(page: Any, text: str) -> float:
    page.fill("#words", text)
    return timed(page, "search", lambda: page.press("#words", "Enter"))


def slide(page: Any, weight: float) -> float:
    move = "(to) => { const s = document.getElementById('weight'); s.valueAsNumber = to; s.dispatchEvent(new Event('input')); }"
    return timed(page, "rerank", lambda: page.evaluate(move, weight))


if __name__ == "__main__":
    main()
