"""Draw docs/guide/complete.svg: one query's candidates, in two lists and complete: ``python benchmarks/complete_picture.py``.

Every point is a real candidate of the query in an index of the demo (``make demo TRAIN=0``), at what the fusion makes of its cosine
and of its BM25; lines join equal fused scores. Below, the first hits of both searches.
"""

from __future__ import annotations

import argparse
import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from checkpoints import DEMO_BUNDLE
from clipseek.demo.corpus.shipped import Item, read_corpus
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.files.whole import write_whole
from clipseek.opensearch import Fusion, Page, Query, Searcher, connect
from clipseek.opensearch.search.answer import Answer
from servers import add_url, server

HOME = Path(__file__).resolve().parent.parent
ORANGE, BLUE, BOTH = "#e08a3c", "#3f7fd1", "#7a5ea8"
INK, SOFT, PALE, LINE = "#1d2430", "#667085", "#b8c0cc", "#e4e7ec"
WIDTH, HEIGHT, SIDE, PANEL, HITS = 1200, 944, 400, 560, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_url(parser)
    parser.add_argument("--index", required=True, help="an index of the demo, filled by the shipped bundle")
    parser.add_argument("--words", default="no internet connection")
    parser.add_argument("--out", type=Path, default=HOME / "docs" / "guide" / "complete.svg")
    options = parser.parse_args()
    icons = {item.id: item for item in read_corpus("domain")}
    with server(options.url) as url:
        searcher = Searcher.open(connect(url), options.index, ClipEncoder(Bundle.load(DEMO_BUNDLE)))
        query, page = (
            Query(options.words, kind="hybrid"),
            Page(HITS, group_duplicates=True),
        )  # so that all candidates come
        lists, complete = (searcher.search(query, Fusion(complete=way), page) for way in (False, True))
    assert candidates(lists) == candidates(complete)
    write_whole(options.out, "\n".join(drawing(options.words, lists, complete, icons)) + "\n")
    print(f"wrote {options.out}: {len(candidates(complete))} candidates")


def candidates(answer: Answer) -> set[str]:
    return set().union(*answer.normal.values())


def drawing(words: str, lists: Answer, complete: Answer, icons: Mapping[str, Item]) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif">'
    )
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" rx="14" fill="#f7f8fa"/>'
    yield text(
        30, 46, f"“{words}” among {complete.documents:,} icons: {len(candidates(complete))} candidates", 24, weight=600
    )
    yield text(
        30, 74, "The words brought 200, the vector 200. Each point is one, at its two normalised scores.", 15, SOFT
    )
    legend = (("scored by the words alone", ORANGE, 760), ("by the vector alone", BLUE, 956), ("by both", BOTH, 1106))
    for name, colour, x in legend:
        yield f'<circle cx="{x}" cy="69" r="5" fill="{colour}"/>{text(x + 10, 74, name, 13, SOFT)}'
    both = len(set(lists.normal["caption"]) & set(lists.normal["vector"]))
    without = len(candidates(complete)) - len(complete.normal["caption"])
    titles = (
        ("Two lists (--no-complete)", f"{both} candidates are in both lists; in the other list all others count as 0"),
        ("Complete", f"every clause scores every candidate; {without} have none of the words"),
    )
    for at, (answer, (title, line)) in enumerate(zip((lists, complete), titles, strict=True)):
        yield f'<g transform="translate({30 + at * (PANEL + 20)} 96)">'
        yield from panel(answer, title, line, icons)
        yield "</g>"
    yield "</svg>"


def panel(answer: Answer, title: str, line: str, icons: Mapping[str, Item]) -> Iterator[str]:
    yield f'<rect width="{PANEL}" height="{HEIGHT - 126}" rx="10" fill="#fff" stroke="{LINE}"/>'
    yield text(24, 36, title, 19, weight=600)
    yield text(24, 60, line, 14.5, SOFT)
    left, top = 110, 84

    def place(name: str) -> tuple[float, float]:
        across, up = (answer.normal[clause].get(name, 0.0) for clause in ("vector", "caption"))
        return left + across * SIDE, top + (1 - up) * SIDE

    for total in (0.5, 1.0, 1.5):  # x + y = total: the same fused score, at equal weights
        ends = [(max(0.0, total - 1), min(1.0, total)), (min(1.0, total), max(0.0, total - 1))]
        (x1, y1), (x2, y2) = ((left + x * SIDE, top + (1 - y) * SIDE) for x, y in ends)
        yield f'<path d="M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}" stroke="{PALE}" stroke-dasharray="5 5"/>'
        yield text(x2 - 26, y2 - 20, f"score {total / 2:g}", 12, SOFT, anchor="end")
    yield f'<path d="M{left} {top}V{top + SIDE}H{left + SIDE}" fill="none" stroke="{SOFT}"/>'
    yield text(left + SIDE, top + SIDE + 24, "cosine of the picture, normalised →", 13, BLUE, anchor="end")
    yield (
        f'<g transform="translate({left - 14} {top + 30}) rotate(-90)">'
        f"{text(0, 0, 'BM25 of the caption, normalised →', 13, ORANGE, anchor='end')}</g>"
    )
    first = {hit.id: rank for rank, hit in enumerate(answer.hits, 1)}
    for name in sorted(candidates(answer) - first.keys()):
        x, y = place(name)
        across, up = (name in answer.normal[clause] for clause in ("vector", "caption"))
        colour = BOTH if across and up else ORANGE if up else BLUE
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}" fill-opacity=".45"/>'
    taken: list[tuple[float, float]] = []
    for name, rank in first.items():
        x, y = place(name)
        while any(abs(x - a) < 24 and abs(y - b) < 24 for a, b in taken):
            x -= 26  # hits of one score stand side by side
        taken.append((x, y))
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="12" fill="{INK}"/>'
        yield text(x, y + 5, str(rank), 14, "#fff", weight=600, anchor="middle")
    for rank, hit in enumerate(answer.hits, 1):
        y = top + SIDE + 46 + (rank - 1) * 56
        yield text(24, y + 30, str(rank), 15, SOFT, weight=600)
        yield icon(icons[hit.id], 46, y, 44)
        caption = icons[hit.id].caption
        yield text(104, y + 20, caption if len(caption) < 48 else f"{caption[:46]}…", 14.5)
        yield text(PANEL - 24, y + 20, f"{hit.score:.3f}", 15, weight=600, anchor="end")
        yield f'<rect x="104" y="{y + 30}" width="{PANEL - 128}" height="9" rx="4.5" fill="{LINE}"/>'
        start = 104.0
        for clause, colour in (("caption", ORANGE), ("vector", BLUE)):
            length = hit.shares[clause] * hit.score * (PANEL - 128)
            yield f'<rect x="{start:.1f}" y="{y + 30}" width="{length:.1f}" height="9" fill="{colour}"/>'
            start += length


def icon(item: Item, x: float, y: float, side: float) -> str:
    """The drawing itself, in place."""
    inner = re.sub(r'^<svg([^>]*?)( width="[^"]*"| height="[^"]*")*>', r"<svg\1>", item.svg.strip())
    return inner.replace("<svg", f'<svg x="{x}" y="{y}" width="{side}" height="{side}" color="#000"', 1)


def text(
    x: float, y: float, words: str, size: float, colour: str = INK, *, weight: int = 400, anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{colour}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{html.escape(words)}</text>"
    )


if __name__ == "__main__":
    main()
